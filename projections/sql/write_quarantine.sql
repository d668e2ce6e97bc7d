-- No rows; users stopped at an event that can't be folded.
-- Leans on the primary key of quarantine.
INSERT INTO quarantine
SELECT * FROM json_populate_recordset(NULL::quarantine, %(rows)s::json)
    ON CONFLICT (user_id) DO UPDATE
   SET part = EXCLUDED.part, position = EXCLUDED.position, event_id = EXCLUDED.event_id,
       event_type = EXCLUDED.event_type, occurred_at = EXCLUDED.occurred_at, field = EXCLUDED.field, reason = EXCLUDED.reason
