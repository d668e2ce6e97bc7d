-- name: leaf_texts
-- Rows in position order: the 17 sealed fields as the texts that are sealed (docs/proofs.md).
-- Uses the primary key of events.
SELECT e.part::text, e.position::text, e.id::text, e.source_system, e.idempotency_key, e.livemode::text,
       e.route_key, e.aggregate_type, e.aggregate_id, e.event_type, e.event_version::text, e.metadata::text,
       e.correlation_id, e.causation_id,
       CASE WHEN isfinite(e.occurred_at) THEN (extract(epoch FROM e.occurred_at) * 1000000)::bigint::text
            ELSE e.occurred_at::text END,
       CASE WHEN isfinite(e.recorded_at) THEN (extract(epoch FROM e.recorded_at) * 1000000)::bigint::text
            ELSE e.recorded_at::text END,
       encode(e.payload_digest, 'hex')
  FROM events e
 WHERE e.part = %(part)s::smallint AND e.position > %(after)s::bigint
 ORDER BY e.position
 LIMIT %(limit)s

-- name: leaf_texts_and_payload
-- Rows in position order: the 17 sealed fields as texts, then salt and payload (null once erased).
-- Uses the primary key of events.
SELECT e.part::text, e.position::text, e.id::text, e.source_system, e.idempotency_key, e.livemode::text,
       e.route_key, e.aggregate_type, e.aggregate_id, e.event_type, e.event_version::text, e.metadata::text,
       e.correlation_id, e.causation_id,
       CASE WHEN isfinite(e.occurred_at) THEN (extract(epoch FROM e.occurred_at) * 1000000)::bigint::text
            ELSE e.occurred_at::text END,
       CASE WHEN isfinite(e.recorded_at) THEN (extract(epoch FROM e.recorded_at) * 1000000)::bigint::text
            ELSE e.recorded_at::text END,
       encode(e.payload_digest, 'hex'), e.payload_salt, e.event_data::text
  FROM events e
 WHERE e.part = %(part)s::smallint AND e.position > %(after)s::bigint
 ORDER BY e.position
 LIMIT %(limit)s

-- name: leaf_texts_of_one
-- At most one row: the 17 sealed fields as texts, then salt and payload (null once erased).
-- Uses the primary key of events.
SELECT e.part::text, e.position::text, e.id::text, e.source_system, e.idempotency_key, e.livemode::text,
       e.route_key, e.aggregate_type, e.aggregate_id, e.event_type, e.event_version::text, e.metadata::text,
       e.correlation_id, e.causation_id,
       CASE WHEN isfinite(e.occurred_at) THEN (extract(epoch FROM e.occurred_at) * 1000000)::bigint::text
            ELSE e.occurred_at::text END,
       CASE WHEN isfinite(e.recorded_at) THEN (extract(epoch FROM e.recorded_at) * 1000000)::bigint::text
            ELSE e.recorded_at::text END,
       encode(e.payload_digest, 'hex'), e.payload_salt, e.event_data::text
  FROM events e
 WHERE e.part = %(part)s::smallint AND e.position = %(position)s::bigint

-- name: nodes_at
-- Rows: part, level, index, hash of the tree nodes at these addresses; without missing ones.
-- Uses the primary key of log_nodes.
SELECT n.part, n.level, n.index, n.hash
  FROM unnest(%(parts)s::smallint[], %(levels)s::smallint[], %(indexes)s::bigint[]) AS wanted (part, level, index)
  JOIN log_nodes n USING (part, level, index)

-- name: sealed_sizes
-- 64 rows in order: part, head, sealed (how many of its events are in the tree).
-- Uses the primary keys of part_heads and log_nodes.
SELECT h.part, h.head, coalesce(last.index + 1, 0) AS sealed
  FROM part_heads h
  LEFT JOIN LATERAL (
       SELECT n.index FROM log_nodes n
        WHERE n.part = h.part AND n.level = 0
        ORDER BY n.index DESC
        LIMIT 1) last ON true
 ORDER BY h.part
