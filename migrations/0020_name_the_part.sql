-- Why: a log that is spread over nodes by part takes from a function only statements that name their part and
-- set plain values. So the clock is read into a variable, an erasure is known by when it was recorded and not by
-- its row's transaction, and each route is erased by an UPDATE of its own. The types of the log are found in a
-- loop, since one statement may not walk several nodes. On one server nothing else changes.
--
-- Look the key up; lock the part's head and count it up; insert; if another delivery of the same event came
-- first, count back down in the same transaction, so a duplicate burns no position.
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
    held     events%ROWTYPE;
    asked_at timestamptz;
BEGIN
    SELECT * INTO held FROM events e
     WHERE e.part = p_part AND e.source_system = p_source_system
       AND e.idempotency_key = p_idempotency_key AND e.livemode = p_livemode;

    IF NOT FOUND THEN
        asked_at := clock_timestamp();
        -- A clock that steps back must not make a later position look earlier.
        UPDATE part_heads h
           SET head = h.head + 1, recorded_at = greatest(asked_at, h.recorded_at)
         WHERE h.part = p_part
        RETURNING h.head, h.recorded_at INTO event_position, event_recorded_at;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'part % has no head: expected a part from 0 to 63', p_part;
        END IF;
        -- Who had to wait for the head was recorded when it had it, not when it asked.
        IF clock_timestamp() - asked_at > interval '20 ms' THEN
            event_recorded_at := greatest(clock_timestamp(), event_recorded_at);
            UPDATE part_heads h SET recorded_at = event_recorded_at WHERE h.part = p_part;
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

-- The erasure has to be of this transaction, so that nobody uses one again for what came since. One that another
-- transaction committed while this one was open is taken as well: this one could have appended it itself. So is
-- one recorded ahead of a clock that stepped back, until the clock is there again.
-- Made anew, not replaced: who migrates need not have the rights of the role that owns it, only those to give it.
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
    route      text;
    held_in    smallint;
    also       uuid[];
    deliveries uuid[];
    more       bigint;
BEGIN
    SELECT e.* INTO erasure FROM events e
     WHERE e.part = p_part AND e.position = p_position
       AND e.source_system = 'tenure' AND e.event_type = 'privacy.erased';
    -- What a transaction appends is recorded after the transaction began, and an older erasure before it.
    IF NOT FOUND OR erasure.recorded_at < transaction_timestamp() THEN
        RAISE EXCEPTION 'refused: expected a privacy.erased event appended in this transaction, found none at part %, position %', p_part, p_position
            USING ERRCODE = 'insufficient_privilege', HINT = 'Use: tenure privacy erase USER --reason …';
    END IF;
    routes := array_prepend(erasure.route_key,
        ARRAY(SELECT json_array_elements_text(coalesce(erasure.event_data -> 'customer_ids', '[]'))));
    also := ARRAY(SELECT json_array_elements_text(coalesce(erasure.event_data -> 'event_ids', '[]'))::uuid);
    deliveries := ARRAY(SELECT json_array_elements_text(coalesce(erasure.event_data -> 'delivery_ids', '[]'))::uuid);

    -- What came after the erasure was written down is a new fact: another erasure takes it. Erasures
    -- themselves stay, since they account for what is missing; they name ids and nothing else.
    erased_events := 0;
    FOREACH route IN ARRAY routes LOOP
        held_in := part_of(route);
        UPDATE events e SET event_data = NULL, payload_salt = NULL
         WHERE e.part = held_in AND e.route_key = route
           AND e.event_type <> 'privacy.erased' AND e.event_data IS NOT NULL
           AND e.recorded_at <= erasure.recorded_at;
        GET DIAGNOSTICS more = ROW_COUNT;
        erased_events := erased_events + more;
    END LOOP;

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

CREATE FUNCTION event_types() RETURNS SETOF text LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
    known text;
BEGIN
    SELECT min(e.event_type) INTO known FROM events e;
    WHILE known IS NOT NULL LOOP
        RETURN NEXT known;
        SELECT min(e.event_type) INTO known FROM events e WHERE e.event_type > known;
    END LOOP;
END
$$;
COMMENT ON FUNCTION event_types IS 'Every type the log holds, in order: one probe of events_type each.';

REVOKE ALL ON FUNCTION event_types FROM PUBLIC;
GRANT EXECUTE ON FUNCTION event_types TO tenure_app, tenure_auditor;
