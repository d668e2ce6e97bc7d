DROP FUNCTION drop_stale_rebuilds;
DROP FUNCTION misses_erasure;
DROP POLICY access_log_erase ON access_log;
REVOKE SELECT, UPDATE (reason) ON access_log FROM tenure_eraser;
DROP TRIGGER access_log_no_update ON access_log;
CREATE TRIGGER access_log_no_update BEFORE UPDATE ON access_log FOR EACH ROW EXECUTE FUNCTION refuse_change();
DROP FUNCTION refuse_unless_reason_erased;
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
