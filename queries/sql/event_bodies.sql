-- Rows: the bodies of these events in the given order, as signed text, and their size in bytes.
-- Leans on the primary key of events.
SELECT page.part, page.position, e.event_data::text AS event_data, octet_length(e.event_data::text) AS bytes
  FROM unnest(%(parts)s::smallint[], %(positions)s::bigint[])
       WITH ORDINALITY AS page (part, position, place)
  JOIN events e USING (part, position)
 ORDER BY page.place
