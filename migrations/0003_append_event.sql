-- Why: one round trip appends, and only this function writes the log. It runs as the tables' owner,
-- so the service needs no INSERT of its own and cannot choose a position or a recording time.
--
-- Look the key up; lock the part's head and count it up; insert; if another delivery of the same
-- event came first, count back down in the same transaction, so a duplicate burns no position.
CREATE FUNCTION append_event(
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

-- Stripe counts `pending_webhooks` down between the deliveries of one event and renders it with other
-- white space in its API; neither makes it another event. A body that jsonb can't hold (a NUL
-- escape) is compared to the byte.
CREATE FUNCTION same_event_body(held json, offered json) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE SET search_path = public, pg_temp AS $$
BEGIN
    IF held::text = offered::text THEN
        RETURN true;
    END IF;
    RETURN (held::jsonb - 'pending_webhooks') = (offered::jsonb - 'pending_webhooks');
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
    RETURN false;
END
$$;

CREATE FUNCTION keep_unreadable(
    p_id            uuid,
    p_source_system text,
    p_body          bytea,
    p_reason        text,
    p_metadata      jsonb,
    OUT outcome     text,
    OUT delivery_id uuid
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO unreadable_deliveries (id, source_system, body, body_digest, reason, metadata, recorded_at)
    VALUES (p_id, p_source_system, p_body, sha256(p_body), p_reason, p_metadata, clock_timestamp())
    ON CONFLICT ON CONSTRAINT unreadable_once DO NOTHING
    RETURNING id INTO delivery_id;
    IF FOUND THEN
        outcome := 'appended';
        RETURN;
    END IF;
    SELECT u.id INTO STRICT delivery_id FROM unreadable_deliveries u
     WHERE u.source_system = p_source_system AND u.body_digest = sha256(p_body);
    outcome := 'duplicate';
END
$$;

REVOKE ALL ON FUNCTION append_event, same_event_body, keep_unreadable FROM PUBLIC;
GRANT EXECUTE ON FUNCTION append_event, keep_unreadable TO tenure_app;
