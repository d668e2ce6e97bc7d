-- Rows: bodies of the user's Clerk events, where their addresses stand.
-- Leans on events_stream.
SELECT e.event_data::text
  FROM events e
 WHERE e.part = %(part)s::smallint AND e.route_key = %(user_id)s::text
   AND e.source_system = 'clerk' AND e.event_type LIKE 'clerk.user.%%' AND e.event_data IS NOT NULL
