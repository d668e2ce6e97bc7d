-- Rows: id, event_type, is_observed (a reconciliation found the user missing) of the events that deleted one user.
-- Leans on events_stream.
SELECT e.id, e.event_type, coalesce(e.metadata ->> 'received_by', '') = 'import' AS is_observed
  FROM events e
 WHERE e.part = %(part)s::smallint AND e.route_key = %(user_id)s::text
   AND (e.source_system, e.event_type) IN (('clerk', 'clerk.user.deleted'), ('tenure', 'privacy.erased'))
 ORDER BY e.position
