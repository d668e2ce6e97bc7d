-- Rows: route_key of those of these routes that an erasure covers: the person's own, or a linked customer's who
-- has no other user since. Leans on events_stream, events_type and the primary key of customer_links.
WITH erased AS (
    SELECT e.route_key AS user_id, named.customer_id
      FROM events e
      LEFT JOIN LATERAL json_array_elements_text(coalesce(e.event_data -> 'customer_ids', '[]')) AS named (customer_id) ON true
     WHERE e.event_type = 'privacy.erased' AND e.source_system = 'tenure'
)
SELECT wanted.route_key
  FROM unnest(%(routes)s::text[]) AS wanted (route_key)
 WHERE EXISTS (SELECT FROM erased r WHERE r.user_id = wanted.route_key)
    OR EXISTS (SELECT FROM erased r LEFT JOIN customer_links l ON l.customer_id = r.customer_id
                WHERE r.customer_id = wanted.route_key
                  AND (l.user_id IS NULL OR EXISTS (SELECT FROM erased o WHERE o.user_id = l.user_id)))
