-- Rows: the traces that the events of a batch belong to.
-- Leans on the primary key of events.
SELECT e.id::text AS id, e.event_type, e.metadata->>'traceparent' AS traceparent
  FROM unnest(%(parts)s::smallint[], %(after)s::bigint[], %(upto)s::bigint[]) AS batch (part, after, upto)
  JOIN events e ON e.part = batch.part AND e.position > batch.after AND e.position <= batch.upto
 WHERE jsonb_exists(e.metadata, 'traceparent')
