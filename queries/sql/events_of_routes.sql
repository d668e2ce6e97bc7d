-- Source of a search: the streams of some routes, each between two instants; of a customer's route Stripe's events, of a
-- user's those that are neither Stripe's nor the service's. OFFSET 0 keeps the planner from walking the whole log newest
-- first in the hope of meeting them. Leans on events_stream.
  FROM (SELECT found.*
          FROM unnest(%(parts)s::smallint[], %(routes)s::text[], %(are_customers)s::boolean[],
                      %(since)s::timestamptz[], %(until)s::timestamptz[])
            AS wanted (part, route_key, is_customer, since, until)
          JOIN events found USING (part, route_key)
         WHERE (found.source_system = 'stripe') = wanted.is_customer
           AND NOT (found.source_system = 'tenure' AND found.aggregate_type = ANY (%(service)s::text[]))
           AND found.occurred_at >= coalesce(wanted.since, '-infinity')
           AND found.occurred_at < coalesce(wanted.until, 'infinity')
        OFFSET 0) e
