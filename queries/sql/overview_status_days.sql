-- Rows: user_id, subscription_id, day, status. The last status of each linked subscription on each day of the
-- window, and on the day before it the last status before the window.
-- Leans on events_type, the primary key of customer_links and, for what came before, events_stream.
WITH shown AS (
    SELECT e.part, e.route_key, l.user_id, e.occurred_at, e.position, (e.occurred_at AT TIME ZONE 'UTC')::date AS day,
           array_position(%(types)s::text[], e.event_type) AS turn,
           readable_json(e.event_data) #>> '{data,object,id}'     AS subscription_id,
           readable_json(e.event_data) #>> '{data,object,status}' AS status
      FROM events e
      JOIN customer_links l ON l.customer_id = e.route_key
     WHERE e.event_type = ANY(%(types)s::text[])
       AND e.occurred_at >= %(since)s::timestamptz
       AND l.user_id IS NOT NULL
), before AS (
    SELECT e.part, e.route_key, streams.user_id, e.occurred_at, e.position,
           (%(since)s::timestamptz AT TIME ZONE 'UTC')::date - 1 AS day,
           array_position(%(types)s::text[], e.event_type) AS turn,
           readable_json(e.event_data) #>> '{data,object,id}'     AS subscription_id,
           readable_json(e.event_data) #>> '{data,object,status}' AS status
      FROM (SELECT DISTINCT part, route_key, user_id FROM shown) streams
      JOIN events e USING (part, route_key)
     WHERE e.event_type = ANY(%(types)s::text[])
       AND e.occurred_at < %(since)s::timestamptz
)
SELECT DISTINCT ON (t.user_id, t.subscription_id, t.day)
       t.user_id, t.subscription_id, t.day, t.status
  FROM (SELECT * FROM shown UNION ALL SELECT * FROM before) t
 WHERE t.status IS NOT NULL
 ORDER BY t.user_id, t.subscription_id, t.day, t.occurred_at DESC, t.turn DESC, t.position DESC
