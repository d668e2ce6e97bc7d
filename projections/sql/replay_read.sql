-- Copies what a fold needs of the events in a range of heap pages, in physical order; the payload only where it is read.
-- Leans on a TID range scan: each page is read once, and nothing is sorted.
COPY (
SELECT part, position, occurred_at, source_system, event_type, idempotency_key, id::text, route_key, aggregate_type, livemode,
       CASE WHEN source_system = 'tenure' OR event_type LIKE ANY (%(read_types)s) THEN event_data END
  FROM public.events
 WHERE ctid >= %(lower)s::tid AND ctid < %(upper)s::tid AND position <= (%(pins)s::bigint[])[part + 1]
) TO STDOUT (FORMAT binary)
