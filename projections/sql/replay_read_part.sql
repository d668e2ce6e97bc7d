-- Copies what a fold needs of the events in a range of positions of one part; the payload only where it is read.
-- Leans on the primary key of events.
COPY (
SELECT part, position, occurred_at, source_system, event_type, idempotency_key, id::text, route_key, aggregate_type, livemode,
       CASE WHEN source_system = 'tenure' OR event_type LIKE ANY (%(read_types)s) THEN event_data END
  FROM public.events
 WHERE part = %(part)s AND position > %(after)s AND position <= %(last)s
) TO STDOUT (FORMAT binary)
