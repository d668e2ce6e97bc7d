-- One row per event; body: the signed text, or nothing; source: all events, or those of some streams.
-- Uses the index of each filter.
SELECT e.id, e.part, e.position, e.source_system, e.idempotency_key, e.livemode, e.route_key,
       e.aggregate_type, e.aggregate_id, e.event_type, e.event_version, e.metadata, e.correlation_id,
       e.causation_id, e.occurred_at, e.recorded_at, encode(e.payload_digest, 'hex') AS payload_digest,
       e.event_data IS NULL AS erased
       {body}
  {source}
