-- One row: outcome (appended or duplicate), delivery_id.
-- Leans on unreadable_once.
SELECT outcome, delivery_id
  FROM keep_unreadable(%(id)s::uuid, %(source_system)s::text, %(body)s::bytea, %(reason)s::text, %(metadata)s::jsonb)
