-- Why: a delivery that makes no new event (a repeat, a refusal) leaves nothing in the log, yet people
-- ask how many came and which event came twice. Counted in the web processes and added here every
-- few seconds, beside the path of a delivery; a process that is killed loses those seconds.
CREATE TABLE delivery_counts (
    minute     timestamptz NOT NULL,
    source     text        NOT NULL,
    outcome    text        NOT NULL,
    deliveries bigint      NOT NULL,
    PRIMARY KEY (minute, source, outcome)
);
COMMENT ON TABLE delivery_counts IS 'Deliveries a minute, by outcome. A count of what was seen, no source of truth.';

CREATE TABLE repeated_deliveries (
    event_id uuid        PRIMARY KEY,
    times    bigint      NOT NULL,
    last_at  timestamptz NOT NULL
);
CREATE INDEX repeated_deliveries_last ON repeated_deliveries (last_at DESC);
COMMENT ON TABLE repeated_deliveries IS 'Events that were delivered again with the same body, and how often.';

DO $$
DECLARE
    counted text;
BEGIN
    FOREACH counted IN ARRAY ARRAY['delivery_counts', 'repeated_deliveries'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', counted);
        EXECUTE format('CREATE POLICY %I ON %I TO tenure_app USING (true) WITH CHECK (true)', counted || '_app', counted);
        EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO tenure_auditor USING (true)', counted || '_auditor', counted);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO tenure_app', counted);
        EXECUTE format('GRANT SELECT ON %I TO tenure_auditor', counted);
    END LOOP;
END
$$;
