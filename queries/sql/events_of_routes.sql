-- Source of a search: the streams of some routes. OFFSET 0 keeps the planner from walking the whole
-- log newest first in the hope of meeting them. Leans on events_stream.
  FROM (SELECT found.*
          FROM unnest(%(parts)s::smallint[], %(routes)s::text[]) AS wanted (part, route_key)
          JOIN events found USING (part, route_key)
        OFFSET 0) e
