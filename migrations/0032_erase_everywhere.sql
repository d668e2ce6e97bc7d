-- Why: an erasure missed four places. (1) Tables that a replay keeps beside the live ones. (2) Events of a part whose
-- clock runs ahead of the erasure's part: `recorded_at` does not compare across parts, so an erasure now names the
-- last position it covers in each part (`through`). (3) The reasons in access_log. (4) Errors in schedule_runs.
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
    route_part smallint;
    through    bigint;
    event_ids  uuid[];
    deliveries uuid[];
    changed    bigint;
BEGIN
    SELECT e.* INTO erasure FROM events e
     WHERE e.part = p_part AND e.position = p_position
       AND e.source_system = 'tenure' AND e.event_type = 'privacy.erased';
    -- An event appended in this transaction is recorded after the transaction began; an older erasure before it.
    IF NOT FOUND OR erasure.recorded_at < transaction_timestamp() THEN
        RAISE EXCEPTION 'refused: expected a privacy.erased event appended in this transaction, found none at part %, position %', p_part, p_position
            USING ERRCODE = 'insufficient_privilege', HINT = 'Use: tenure privacy erase USER --reason …';
    END IF;
    routes := array_prepend(erasure.route_key,
        ARRAY(SELECT json_array_elements_text(coalesce(erasure.event_data -> 'customer_ids', '[]'))));
    event_ids := ARRAY(SELECT json_array_elements_text(coalesce(erasure.event_data -> 'event_ids', '[]'))::uuid);
    deliveries := ARRAY(SELECT json_array_elements_text(coalesce(erasure.event_data -> 'delivery_ids', '[]'))::uuid);

    -- Events after `through` are new facts: another erasure covers them. Erasures themselves stay, since they account
    -- for the missing payloads; they name ids and nothing else. Code older than `through` compares recording times.
    erased_events := 0;
    FOREACH route IN ARRAY routes LOOP
        route_part := part_of(route);
        through := (erasure.event_data -> 'through' ->> route_part::text)::bigint;
        UPDATE events e SET event_data = NULL, payload_salt = NULL
         WHERE e.part = route_part AND e.route_key = route
           AND e.event_type <> 'privacy.erased' AND e.event_data IS NOT NULL
           AND CASE WHEN through IS NULL THEN e.recorded_at <= erasure.recorded_at ELSE e.position <= through END;
        GET DIAGNOSTICS changed = ROW_COUNT;
        erased_events := erased_events + changed;
    END LOOP;

    UPDATE event_conflicts c SET event_data = NULL
     WHERE c.event_data IS NOT NULL
       AND EXISTS (SELECT FROM events e
                    WHERE e.part = c.part AND e.position = c.position
                      AND (e.id = ANY (event_ids) OR e.route_key = ANY (routes)));
    GET DIAGNOSTICS erased_conflicts = ROW_COUNT;

    IF cardinality(event_ids) > 0 THEN
        UPDATE events e SET event_data = NULL, payload_salt = NULL
         WHERE e.id = ANY (event_ids) AND e.event_type <> 'privacy.erased' AND e.event_data IS NOT NULL;
        GET DIAGNOSTICS changed = ROW_COUNT;
        erased_events := erased_events + changed;
    END IF;

    UPDATE unreadable_deliveries d SET body = NULL WHERE d.id = ANY (deliveries) AND d.body IS NOT NULL;
    GET DIAGNOSTICS erased_deliveries = ROW_COUNT;

    UPDATE access_log a SET reason = '(erased)' WHERE a.subject_id = ANY (routes) AND a.reason <> '(erased)';
END
$$;
REVOKE ALL ON FUNCTION erase_person FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erase_person TO tenure_app;

-- Who read what, and when, stays for ever; the words in which they explained it may name the person.
CREATE FUNCTION refuse_unless_reason_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_user = 'tenure_eraser' AND NEW.reason = '(erased)' AND (to_jsonb(NEW) - 'reason') = (to_jsonb(OLD) - 'reason') THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'refused: % is append-only, so % is not possible', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'insufficient_privilege',
              HINT = 'To erase a person use: tenure privacy erase USER --reason …';
END
$$;
DROP TRIGGER access_log_no_update ON access_log;
CREATE TRIGGER access_log_no_update BEFORE UPDATE ON access_log FOR EACH ROW EXECUTE FUNCTION refuse_unless_reason_erased();
GRANT SELECT, UPDATE (reason) ON access_log TO tenure_eraser;
CREATE POLICY access_log_erase ON access_log TO tenure_eraser USING (true) WITH CHECK (true);

-- To own a function the role needs CREATE on the schema for that moment.
GRANT CREATE ON SCHEMA public TO tenure_eraser;
ALTER FUNCTION erase_person OWNER TO tenure_eraser;
REVOKE CREATE ON SCHEMA public FROM tenure_eraser;

-- One rule for every set of tables beside the live ones: it has projected every erasure of the log, or it goes.
CREATE FUNCTION misses_erasure(p_schema text) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    erased record;
    reached bigint;
BEGIN
    IF to_regclass(format('%I.projection_checkpoints', p_schema)) IS NULL THEN
        RETURN true;
    END IF;
    FOR erased IN SELECT e.part, max(e.position) AS position FROM events e
                   WHERE e.event_type = 'privacy.erased' AND e.source_system = 'tenure' GROUP BY e.part LOOP
        EXECUTE format('SELECT c.position FROM %I.projection_checkpoints c WHERE c.part = $1', p_schema)
           INTO reached USING erased.part;
        IF coalesce(reached, 0) < erased.position THEN
            RETURN true;
        END IF;
    END LOOP;
    RETURN false;
END
$$;

-- `is_free` is false while a replay runs: it clears its own tables when it ends. `kept_run` is the run_id of an
-- unfinished replay that may go on. The lock is kept until the transaction ends, so no replay begins meanwhile.
CREATE FUNCTION drop_stale_rebuilds(OUT is_free boolean, OUT dropped text[], OUT kept_run text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    beside text;
BEGIN
    dropped := '{}';
    is_free := pg_try_advisory_xact_lock(hashtext('tenure replay'));
    IF NOT is_free THEN
        RETURN;
    END IF;
    FOREACH beside IN ARRAY ARRAY['tenure_check', 'tenure_shadow', 'tenure_previous'] LOOP
        IF to_regnamespace(beside) IS NOT NULL AND (beside = 'tenure_check' OR misses_erasure(beside)) THEN
            EXECUTE format('DROP SCHEMA %I CASCADE', beside);
            dropped := dropped || beside;
        END IF;
    END LOOP;
    IF to_regclass('tenure_shadow.replay_plan') IS NOT NULL THEN
        EXECUTE 'SELECT plan ->> ''run_id'' FROM tenure_shadow.replay_plan' INTO kept_run;
    END IF;
END
$$;
COMMENT ON FUNCTION drop_stale_rebuilds IS 'Drop tables beside the live ones that still hold an erased person, and those of a killed check.';
REVOKE ALL ON FUNCTION misses_erasure, drop_stale_rebuilds, refuse_unless_reason_erased FROM PUBLIC;
GRANT EXECUTE ON FUNCTION drop_stale_rebuilds TO tenure_app;
