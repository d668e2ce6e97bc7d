-- Why: what operators may change while the service runs, and who did, as events; these two tables are
-- what the events say. Only the projector writes them.
CREATE TABLE system_configurations (
    id                uuid        PRIMARY KEY,
    category          text        NOT NULL,
    key               text        NOT NULL,
    value             jsonb       NOT NULL,
    value_type        text        NOT NULL,
    description       text        NOT NULL,
    is_hot_reloadable boolean     NOT NULL,
    position          bigint      NOT NULL,
    created_at        timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL,
    CONSTRAINT system_configurations_key UNIQUE (category, key)
);
COMMENT ON COLUMN system_configurations.value IS 'A duration is whole seconds.';
COMMENT ON COLUMN system_configurations.position IS 'Of the event that set it; the highest is the version running processes watch.';

CREATE TABLE logging_configurations (
    id         uuid        PRIMARY KEY,
    logger     text        NOT NULL,
    level      text        NOT NULL,
    until      timestamptz,
    position   bigint      NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT logging_configurations_logger UNIQUE (logger)
);
COMMENT ON COLUMN logging_configurations.until IS 'From then on the logger''s ordinary level is back; null: for good.';

DO $$
DECLARE
    projected text;
BEGIN
    FOREACH projected IN ARRAY ARRAY['system_configurations', 'logging_configurations'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', projected);
        EXECUTE format('CREATE POLICY %I ON %I TO tenure_app USING (true) WITH CHECK (true)', projected || '_app', projected);
        EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO tenure_auditor USING (true)', projected || '_auditor', projected);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO tenure_app', projected);
        EXECUTE format('GRANT SELECT ON %I TO tenure_auditor', projected);
    END LOOP;
END
$$;
