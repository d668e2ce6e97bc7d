-- At most one row: event_id and reason, where the user's history stops at rows that could not be stored.
-- Leans on the primary key of quarantine.
SELECT event_id, reason
  FROM quarantine
 WHERE user_id = %(user_id)s AND field = %(field)s
