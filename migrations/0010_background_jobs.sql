-- Why: work that must not be lost waits in a table, put there by the transaction that decided it;
-- and each scheduled handler's last due time is kept, so that a missed run is made up for once.
CREATE TABLE background_jobs (
    id               uuid        PRIMARY KEY,
    type             text        NOT NULL CHECK (length(type) BETWEEN 1 AND 100),
    payload          jsonb       NOT NULL,
    status           text        NOT NULL DEFAULT 'pending'
                     CHECK (status IN ('pending', 'processing', 'completed', 'failed', 'cancelled', 'dead')),
    priority         integer     NOT NULL DEFAULT 0,
    max_retries      integer     NOT NULL CHECK (max_retries >= 0),
    retry_count      integer     NOT NULL DEFAULT 0,
    scheduled_for    timestamptz NOT NULL,
    started_at       timestamptz,
    completed_at     timestamptz,
    failed_at        timestamptz,
    error            text,
    result           jsonb,
    dedupe_key       text,
    lease_token      uuid,
    lease_slot       integer,
    lease_expires_at timestamptz,
    leased_by        text,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    CONSTRAINT background_jobs_once UNIQUE (dedupe_key),
    CONSTRAINT background_jobs_leased CHECK ((status = 'processing') = (lease_token IS NOT NULL))
);
-- Two orders of those that wait: most urgent first when many are due, soonest first when few are.
CREATE INDEX background_jobs_urgent ON background_jobs (priority DESC, scheduled_for, id) WHERE status IN ('pending', 'failed');
CREATE INDEX background_jobs_due ON background_jobs (scheduled_for) WHERE status IN ('pending', 'failed');
CREATE INDEX background_jobs_running ON background_jobs (started_at) WHERE status = 'processing';
CREATE INDEX background_jobs_dead ON background_jobs (failed_at) WHERE status = 'dead';
CREATE INDEX background_jobs_listed ON background_jobs (created_at DESC, id DESC);
CREATE INDEX background_jobs_ended ON background_jobs (updated_at) WHERE status IN ('completed', 'cancelled');
COMMENT ON COLUMN background_jobs.status IS 'failed: a try failed, another follows; dead: no try is left.';
COMMENT ON COLUMN background_jobs.priority IS 'Higher first.';
COMMENT ON COLUMN background_jobs.lease_slot IS 'Advisory lock its worker holds; gone with the worker, however it died.';
COMMENT ON COLUMN background_jobs.lease_expires_at IS 'A worker that takes longer loses the job (server''s clock).';

CREATE TABLE schedule_runs (
    name             text        PRIMARY KEY,
    last_due_at      timestamptz NOT NULL DEFAULT '-infinity',
    last_started_at  timestamptz,
    last_finished_at timestamptz,
    last_failed_at   timestamptz,
    failures         integer     NOT NULL DEFAULT 0,
    runs             bigint      NOT NULL DEFAULT 0,
    error            text,
    result           jsonb,
    ran_by           text
);
COMMENT ON TABLE schedule_runs IS 'Up to which due time each scheduled handler has run.';
COMMENT ON COLUMN schedule_runs.failures IS 'In a row; 0 after a run that went well.';

DO $$
DECLARE
    made text;
BEGIN
    FOREACH made IN ARRAY ARRAY['background_jobs', 'schedule_runs'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', made);
        EXECUTE format('CREATE POLICY %I ON %I TO tenure_app USING (true) WITH CHECK (true)', made || '_app', made);
        EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO tenure_auditor USING (true)', made || '_auditor', made);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO tenure_app', made);
        EXECUTE format('GRANT SELECT ON %I TO tenure_auditor', made);
    END LOOP;
END
$$;
