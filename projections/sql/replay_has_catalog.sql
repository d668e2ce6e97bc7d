-- One row: whether the log has a plan event up to a position.
-- Leans on events_stream.
SELECT EXISTS (
       SELECT FROM events
        WHERE part = %(part)s AND route_key = %(route_key)s AND position <= %(bound)s AND source_system = 'tenure')
