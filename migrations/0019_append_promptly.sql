-- Why: deliveries that wait at the same time share a transaction. A head that somebody holds must not
-- keep out those who came for the other parts, so they give up soon and each is appended alone. The
-- setting belongs to the function: that holds behind a pooler too, and costs no statement of its own.
CREATE FUNCTION append_events_promptly(p_events json)
RETURNS TABLE (nth integer, outcome text, event_id uuid, event_position bigint, event_recorded_at timestamptz)
LANGUAGE plpgsql SET search_path = public, pg_temp SET lock_timeout = '250ms' AS $$
BEGIN
    RETURN QUERY
    SELECT e.nth, a.outcome, a.event_id, a.event_position, a.event_recorded_at
      FROM (SELECT *
              FROM json_to_recordset(p_events) AS given (
                   nth integer, part smallint, id uuid, source_system text, idempotency_key text, livemode boolean,
                   route_key text, aggregate_type text, aggregate_id text, event_type text, event_version integer,
                   event_data text, metadata text, correlation_id text, causation_id text, occurred_at timestamptz,
                   payload_salt text, payload_digest text)
             ORDER BY given.part, given.nth) AS e
     CROSS JOIN LATERAL append_event(
           e.part, e.id, e.source_system, e.idempotency_key, e.livemode, e.route_key, e.aggregate_type,
           e.aggregate_id, e.event_type, e.event_version, e.event_data::json, e.metadata::jsonb, e.correlation_id,
           e.causation_id, e.occurred_at, decode(e.payload_salt, 'hex'), decode(e.payload_digest, 'hex')) AS a;
END
$$;

REVOKE ALL ON FUNCTION append_events_promptly FROM PUBLIC;
GRANT EXECUTE ON FUNCTION append_events_promptly TO tenure_app;
