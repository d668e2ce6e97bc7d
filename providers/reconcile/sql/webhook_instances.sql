-- Rows: the Clerk instances that the last webhooks about users came from.
-- Leans on events_type.
SELECT DISTINCT recent.instance_id
  FROM (SELECT e.metadata ->> 'instance_id' AS instance_id
          FROM events e
         WHERE e.event_type IN ('clerk.user.created', 'clerk.user.updated')
           AND e.metadata ->> 'received_by' = 'webhook'
         ORDER BY e.recorded_at DESC
         LIMIT 50) AS recent
 WHERE recent.instance_id IS NOT NULL
