DROP FUNCTION event_types;
CREATE OR REPLACE FUNCTION append_event(
    p_part             smallint,
    p_id               uuid,
    p_source_system    text,
    p_idempotency_key  text,
    p_livemode         boolean,
    p_route_key        text,
    p_aggregate_type   text,
    p_aggregate_id     text,
    p_event_type       text,
    p_event_version    integer,
    p_event_data       json,
    p_metadata         jsonb,
    p_correlation_id   text,
    p_causation_id     text,
    p_occurred_at      timestamptz,
    p_payload_salt     bytea,
    p_payload_digest   bytea,
    OUT outcome        text,
    OUT event_id       uuid,
    OUT event_position bigint,
    OUT event_recorded_at timestamptz
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    held events%ROWTYPE;
BEGIN
    SELECT * INTO held FROM events e
     WHERE e.part = p_part AND e.source_system = p_source_system
       AND e.idempotency_key = p_idempotency_key AND e.livemode = p_livemode;

    IF NOT FOUND THEN
        -- A clock that steps back must not make a later position look earlier.
        UPDATE part_heads h
           SET head = h.head + 1, recorded_at = greatest(clock_timestamp(), h.recorded_at)
         WHERE h.part = p_part
        RETURNING h.head, h.recorded_at INTO event_position, event_recorded_at;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'part % has no head: expected a part from 0 to 63', p_part;
        END IF;

        INSERT INTO events (part, position, id, source_system, idempotency_key, livemode, route_key,
                            aggregate_type, aggregate_id, event_type, event_version, event_data, metadata,
                            correlation_id, causation_id, occurred_at, recorded_at, payload_salt, payload_digest)
        VALUES (p_part, event_position, p_id, p_source_system, p_idempotency_key, p_livemode, p_route_key,
                p_aggregate_type, p_aggregate_id, p_event_type, p_event_version, p_event_data, p_metadata,
                p_correlation_id, p_causation_id, p_occurred_at, event_recorded_at, p_payload_salt, p_payload_digest)
        ON CONFLICT ON CONSTRAINT events_idempotency DO NOTHING;
        IF FOUND THEN
            outcome := 'appended';
            event_id := p_id;
            RETURN;
        END IF;

        UPDATE part_heads h SET head = h.head - 1 WHERE h.part = p_part;
        SELECT * INTO STRICT held FROM events e
         WHERE e.part = p_part AND e.source_system = p_source_system
           AND e.idempotency_key = p_idempotency_key AND e.livemode = p_livemode;
    END IF;

    event_id := held.id;
    event_position := held.position;
    event_recorded_at := held.recorded_at;
    outcome := 'duplicate';
    -- An erased payload can't be compared, and its body must not come back as "evidence".
    IF held.event_data IS NULL OR same_event_body(held.event_data, p_event_data) THEN
        RETURN;
    END IF;
    outcome := 'conflict';
    INSERT INTO event_conflicts (part, position, id, source_system, idempotency_key, event_type, event_data,
                                 metadata, body_digest, recorded_at)
    VALUES (p_part, held.position, p_id, p_source_system, p_idempotency_key, p_event_type, p_event_data,
            p_metadata, sha256(convert_to(p_event_data::text, 'UTF8')), clock_timestamp())
    ON CONFLICT DO NOTHING;
END
$$;

DROP FUNCTION erase_person;
CREATE FUNCTION erase_person(
    p_part       smallint,
    p_position   bigint,
    OUT erased_events     bigint,
    OUT erased_conflicts  bigint,
    OUT erased_deliveries bigint
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    erasure    events%ROWTYPE;
    routes     text[];
    also       uuid[];
    deliveries uuid[];
    more       bigint;
BEGIN
    SELECT e.* INTO erasure FROM events e
     WHERE e.part = p_part AND e.position = p_position AND e.xmin = pg_current_xact_id()::xid
       AND e.source_system = 'tenure' AND e.event_type = 'privacy.erased';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'refused: expected a privacy.erased event appended in this transaction, found none at part %, position %', p_part, p_position
            USING ERRCODE = 'insufficient_privilege', HINT = 'Use: tenure privacy erase USER --reason …';
    END IF;
    routes := array_prepend(erasure.route_key,
        ARRAY(SELECT json_array_elements_text(coalesce(erasure.event_data -> 'customer_ids', '[]'))));
    also := ARRAY(SELECT json_array_elements_text(coalesce(erasure.event_data -> 'event_ids', '[]'))::uuid);
    deliveries := ARRAY(SELECT json_array_elements_text(coalesce(erasure.event_data -> 'delivery_ids', '[]'))::uuid);

    -- What came after the erasure was written down is a new fact: another erasure takes it. Erasures
    -- themselves stay, since they account for what is missing; they name ids and nothing else.
    UPDATE events e SET event_data = NULL, payload_salt = NULL
      FROM unnest(routes) AS wanted (route_key)
     WHERE e.part = part_of(wanted.route_key) AND e.route_key = wanted.route_key
       AND e.event_type <> 'privacy.erased' AND e.event_data IS NOT NULL
       AND e.recorded_at <= erasure.recorded_at;
    GET DIAGNOSTICS erased_events = ROW_COUNT;

    UPDATE event_conflicts c SET event_data = NULL
     WHERE c.event_data IS NOT NULL
       AND EXISTS (SELECT FROM events e
                    WHERE e.part = c.part AND e.position = c.position
                      AND (e.id = ANY (also) OR e.route_key = ANY (routes)));
    GET DIAGNOSTICS erased_conflicts = ROW_COUNT;

    IF cardinality(also) > 0 THEN
        UPDATE events e SET event_data = NULL, payload_salt = NULL
         WHERE e.id = ANY (also) AND e.event_type <> 'privacy.erased' AND e.event_data IS NOT NULL
           AND e.recorded_at <= erasure.recorded_at;
        GET DIAGNOSTICS more = ROW_COUNT;
        erased_events := erased_events + more;
    END IF;

    UPDATE unreadable_deliveries d SET body = NULL WHERE d.id = ANY (deliveries) AND d.body IS NOT NULL;
    GET DIAGNOSTICS erased_deliveries = ROW_COUNT;
END
$$;

REVOKE ALL ON FUNCTION erase_person FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erase_person TO tenure_app;
GRANT CREATE ON SCHEMA public TO tenure_eraser;
ALTER FUNCTION erase_person OWNER TO tenure_eraser;
REVOKE CREATE ON SCHEMA public FROM tenure_eraser;
