-- Why: access_log and log_checkpoints grew for ever. One function deletes what an event appended in its own transaction
-- names, and nothing else: every missing row is accounted for by an event of the sealed log. Whatever that event says,
-- an access stays for 30 days and a checkpoint for one day, and the newest checkpoint always.
CREATE FUNCTION apply_retention(p_part smallint, p_position bigint, OUT deleted bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    retention events%ROWTYPE;
    expected  bigint;
BEGIN
    SELECT e.* INTO retention FROM events e
     WHERE e.part = p_part AND e.position = p_position AND e.source_system = 'tenure'
       AND e.event_type IN ('access_log.trimmed', 'log.checkpoints_removed');
    -- What a transaction appends is recorded after the transaction began.
    IF NOT FOUND OR retention.recorded_at < transaction_timestamp() THEN
        RAISE EXCEPTION 'refused: expected a retention event appended in this transaction, found none at part %, position %', p_part, p_position
            USING ERRCODE = 'insufficient_privilege', HINT = 'Use: tenure schedule run apply_retention';
    END IF;
    expected := (retention.event_data ->> 'rows')::bigint;
    IF retention.event_type = 'access_log.trimmed' THEN
        DELETE FROM access_log a
         WHERE a.read_at <= (retention.event_data ->> 'through')::timestamptz
           AND a.read_at < clock_timestamp() - interval '30 days';
    ELSE
        DELETE FROM log_checkpoints c
         USING json_array_elements(retention.event_data -> 'removed') AS r (span)
         WHERE c.number BETWEEN (r.span ->> 0)::bigint AND (r.span ->> 1)::bigint
           AND c.signed_at < clock_timestamp() - interval '1 day'
           AND c.number < (SELECT max(n.number) FROM log_checkpoints n);
    END IF;
    GET DIAGNOSTICS deleted = ROW_COUNT;
    IF deleted <> expected THEN
        RAISE EXCEPTION 'refused: expected to delete % rows as the event says, found % that may go', expected, deleted
            USING ERRCODE = 'insufficient_privilege', HINT = 'Compare the clocks of the host and of the database.';
    END IF;
END
$$;
COMMENT ON FUNCTION apply_retention IS 'Delete the rows that a retention event of the same transaction names.';

CREATE FUNCTION refuse_unless_retention() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_user = 'tenure_eraser' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'refused: % is append-only, so % is not possible', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'insufficient_privilege',
              HINT = 'Old rows are deleted by retention alone: tenure config list retention';
END
$$;

DROP TRIGGER access_log_no_delete ON access_log;
CREATE TRIGGER access_log_no_delete BEFORE DELETE ON access_log FOR EACH ROW EXECUTE FUNCTION refuse_unless_retention();
DROP TRIGGER log_checkpoints_no_change ON log_checkpoints;
CREATE TRIGGER log_checkpoints_no_change BEFORE UPDATE ON log_checkpoints FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER log_checkpoints_no_delete BEFORE DELETE ON log_checkpoints FOR EACH ROW EXECUTE FUNCTION refuse_unless_retention();
ALTER TABLE log_checkpoints ENABLE ALWAYS TRIGGER log_checkpoints_no_change;
ALTER TABLE log_checkpoints ENABLE ALWAYS TRIGGER log_checkpoints_no_delete;

CREATE POLICY access_log_retention ON access_log TO tenure_eraser USING (true);
CREATE POLICY log_checkpoints_retention ON log_checkpoints TO tenure_eraser USING (true);

-- To own a function the role needs CREATE on the schema for that moment. Its rights on the tables are in rights.toml.
GRANT CREATE ON SCHEMA public TO tenure_eraser;
ALTER FUNCTION apply_retention OWNER TO tenure_eraser;
REVOKE CREATE ON SCHEMA public FROM tenure_eraser;
