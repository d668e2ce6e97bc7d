-- Why: the log is the single source of truth. Positions are gapless inside a part, so a reader is
-- `part = ? AND position > ?` and "nothing is missing" is arithmetic: count = head.
CREATE TABLE events (
    part             smallint    NOT NULL CHECK (part BETWEEN 0 AND 63),
    position         bigint      NOT NULL CHECK (position > 0),
    id               uuid        NOT NULL,
    source_system    text        NOT NULL,
    idempotency_key  text        NOT NULL,
    livemode         boolean     NOT NULL,
    route_key        text        NOT NULL,
    aggregate_type   text        NOT NULL,
    aggregate_id     text        NOT NULL,
    event_type       text        NOT NULL,
    event_version    integer     NOT NULL,
    event_data       json,
    metadata         jsonb       NOT NULL,
    correlation_id   text,
    causation_id     text,
    occurred_at      timestamptz NOT NULL,
    recorded_at      timestamptz NOT NULL,
    payload_salt     bytea,
    payload_digest   bytea       NOT NULL,
    PRIMARY KEY (part, position),
    CONSTRAINT events_idempotency UNIQUE (part, source_system, idempotency_key, livemode)
);
-- A webhook body is about 3 KB of JSON. Left uncompressed and in the row it reads back at the speed
-- of COPY; the default would compress it and move it out of line, which costs replay more than disk.
ALTER TABLE events SET (toast_tuple_target = 8160);
ALTER TABLE events ALTER COLUMN event_data SET STORAGE MAIN;

CREATE INDEX events_stream ON events (part, route_key, position);
CREATE INDEX events_id ON events (id);
CREATE INDEX events_recorded ON events (recorded_at DESC, part DESC, position DESC);
CREATE INDEX events_occurred ON events (occurred_at);
CREATE INDEX events_type ON events (event_type, recorded_at DESC);
CREATE INDEX events_aggregate ON events (aggregate_id, recorded_at DESC);

COMMENT ON TABLE events IS 'Append-only log; written only by append_event().';

-- One row a part. fillfactor keeps every update on the page it came from (HOT).
CREATE TABLE part_heads (
    part        smallint    PRIMARY KEY CHECK (part BETWEEN 0 AND 63),
    head        bigint      NOT NULL DEFAULT 0,
    recorded_at timestamptz NOT NULL DEFAULT '-infinity'
) WITH (fillfactor = 10);
INSERT INTO part_heads (part) SELECT generate_series(0, 63);

CREATE TABLE event_conflicts (
    part            smallint    NOT NULL,
    position        bigint      NOT NULL,
    id              uuid        NOT NULL,
    source_system   text        NOT NULL,
    idempotency_key text        NOT NULL,
    event_type      text        NOT NULL,
    event_data      json,
    metadata        jsonb       NOT NULL,
    body_digest     bytea       NOT NULL,
    recorded_at     timestamptz NOT NULL,
    PRIMARY KEY (part, position, body_digest)
);
COMMENT ON TABLE event_conflicts IS 'A second body under a key that is taken: evidence, never projected.';
COMMENT ON COLUMN event_conflicts.position IS 'The event that holds the key.';

CREATE TABLE unreadable_deliveries (
    id            uuid        PRIMARY KEY,
    source_system text        NOT NULL,
    body          bytea,
    body_digest   bytea       NOT NULL,
    reason        text        NOT NULL,
    metadata      jsonb       NOT NULL,
    recorded_at   timestamptz NOT NULL,
    CONSTRAINT unreadable_once UNIQUE (source_system, body_digest)
);
COMMENT ON TABLE unreadable_deliveries IS 'Validly signed bodies that are not a JSON object: kept, never lost.';

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'refused: % is append-only, so % is not possible', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'insufficient_privilege',
              HINT = 'Append a correcting event; to erase a person use: tenure privacy erase USER --reason …';
END
$$;

-- The one change the log knows is erasure: payload and salt become null, nothing else, and only
-- inside erase functions, which belong to tenure_eraser.
CREATE FUNCTION refuse_unless_erasure() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_user = 'tenure_eraser'
       AND NEW.event_data IS NULL AND NEW.payload_salt IS NULL
       AND (to_jsonb(NEW) - '{event_data,payload_salt}'::text[])
         = (to_jsonb(OLD) - '{event_data,payload_salt}'::text[]) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'refused: % is append-only, so % is not possible', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'insufficient_privilege',
              HINT = 'Append a correcting event; to erase a person use: tenure privacy erase USER --reason …';
END
$$;

CREATE TRIGGER events_no_update BEFORE UPDATE ON events FOR EACH ROW EXECUTE FUNCTION refuse_unless_erasure();
CREATE TRIGGER events_no_delete BEFORE DELETE ON events FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER events_no_truncate BEFORE TRUNCATE ON events FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER part_heads_no_delete BEFORE DELETE ON part_heads FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER part_heads_no_truncate BEFORE TRUNCATE ON part_heads FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER event_conflicts_no_delete BEFORE DELETE ON event_conflicts FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER event_conflicts_no_truncate BEFORE TRUNCATE ON event_conflicts FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER unreadable_no_delete BEFORE DELETE ON unreadable_deliveries FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER unreadable_no_truncate BEFORE TRUNCATE ON unreadable_deliveries FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- ALWAYS: a session that calls itself a replica is refused as well.
ALTER TABLE events ENABLE ALWAYS TRIGGER events_no_update;
ALTER TABLE events ENABLE ALWAYS TRIGGER events_no_delete;
ALTER TABLE events ENABLE ALWAYS TRIGGER events_no_truncate;

ALTER TABLE events ENABLE ROW LEVEL SECURITY;
ALTER TABLE part_heads ENABLE ROW LEVEL SECURITY;
ALTER TABLE event_conflicts ENABLE ROW LEVEL SECURITY;
ALTER TABLE unreadable_deliveries ENABLE ROW LEVEL SECURITY;

CREATE POLICY events_read ON events FOR SELECT TO tenure_app, tenure_auditor USING (true);
CREATE POLICY part_heads_read ON part_heads FOR SELECT TO tenure_app, tenure_auditor USING (true);
CREATE POLICY event_conflicts_read ON event_conflicts FOR SELECT TO tenure_app, tenure_auditor USING (true);
CREATE POLICY unreadable_read ON unreadable_deliveries FOR SELECT TO tenure_app, tenure_auditor USING (true);
GRANT SELECT ON events, part_heads, event_conflicts, unreadable_deliveries TO tenure_app, tenure_auditor;
