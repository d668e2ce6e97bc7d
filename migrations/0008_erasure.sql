-- Why: a person may ask to be forgotten, yet the log must still prove. Only payload and salt go; the
-- sealed digest stays. One function does it, and only what a privacy.erased event of its own
-- transaction names, so that every missing payload is accounted for by an event.
CREATE FUNCTION part_of(route_key text) RETURNS smallint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (get_byte(sha256(convert_to(route_key, 'UTF8')), 7) & 63)::smallint;
COMMENT ON FUNCTION part_of IS 'The part of a route, as events/routing.py has it.';

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

-- Conflicts and unreadable bodies are evidence: they too change by erasure alone.
CREATE FUNCTION refuse_unless_forgotten() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_user = 'tenure_eraser'
       AND (to_jsonb(NEW) -> TG_ARGV[0]) = 'null'::jsonb
       AND (to_jsonb(NEW) - TG_ARGV[0]) = (to_jsonb(OLD) - TG_ARGV[0]) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'refused: % is append-only, so % is not possible', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'insufficient_privilege',
              HINT = 'To erase a person use: tenure privacy erase USER --reason …';
END
$$;
CREATE TRIGGER event_conflicts_no_update BEFORE UPDATE ON event_conflicts FOR EACH ROW EXECUTE FUNCTION refuse_unless_forgotten('event_data');
CREATE TRIGGER unreadable_no_update BEFORE UPDATE ON unreadable_deliveries FOR EACH ROW EXECUTE FUNCTION refuse_unless_forgotten('body');

REVOKE ALL ON FUNCTION erase_person FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erase_person TO tenure_app;
-- To own a function the role needs CREATE on the schema for that moment.
GRANT CREATE ON SCHEMA public TO tenure_eraser;
ALTER FUNCTION erase_person OWNER TO tenure_eraser;
REVOKE CREATE ON SCHEMA public FROM tenure_eraser;

GRANT SELECT, UPDATE (event_data, payload_salt) ON events TO tenure_eraser;
GRANT SELECT, UPDATE (event_data) ON event_conflicts TO tenure_eraser;
GRANT SELECT, UPDATE (body) ON unreadable_deliveries TO tenure_eraser;
CREATE POLICY events_erase ON events TO tenure_eraser USING (true) WITH CHECK (true);
CREATE POLICY event_conflicts_erase ON event_conflicts TO tenure_eraser USING (true) WITH CHECK (true);
CREATE POLICY unreadable_erase ON unreadable_deliveries TO tenure_eraser USING (true) WITH CHECK (true);
