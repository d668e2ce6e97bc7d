-- One row per quarantined user: where their history stops, and why.
-- Leans on the primary key of quarantine.
SELECT q.user_id, q.part, q.position, q.event_id, q.event_type, q.occurred_at, q.field, q.reason
  FROM quarantine q
 ORDER BY q.occurred_at DESC, q.user_id
 LIMIT %(limit)s::integer
