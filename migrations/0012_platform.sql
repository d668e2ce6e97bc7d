-- Why: the platform's own work as it stands: campaigns, their scraping jobs, what those found, and lists
-- of creators. Projectors write all of it but scraping_results, which is bulk data: the log holds only
-- how much was stored and its digest.
CREATE TABLE campaigns (
    id                uuid        PRIMARY KEY,
    user_id           text        NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    name              text        NOT NULL,
    description       text,
    search_type       text,
    status            text        NOT NULL CHECK (status IN ('draft', 'active', 'completed', 'archived')),
    version           bigint      NOT NULL,
    unfolded_event_id uuid,
    created_at        timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL
);
CREATE INDEX campaigns_listed ON campaigns (user_id, created_at DESC, id DESC);
CREATE INDEX campaigns_status ON campaigns (user_id, status, created_at DESC, id DESC);
COMMENT ON COLUMN campaigns.user_id IS 'Clerk id of the owner.';
COMMENT ON COLUMN campaigns.version IS 'How many events made it what it is; what If-Match compares.';
COMMENT ON COLUMN campaigns.unfolded_event_id IS 'The event its history stops at, if one can''t be folded.';

CREATE TABLE scraping_jobs (
    id                uuid         PRIMARY KEY,
    user_id           text         NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    run_id            text,
    status            text         NOT NULL CHECK (status IN ('pending', 'processing', 'completed', 'error', 'timeout')),
    keywords          jsonb,
    platform          text,
    region            text,
    campaign_id       uuid         REFERENCES campaigns (id) ON DELETE CASCADE,
    asked_campaign_id uuid,
    target_username   text,
    search_params     jsonb,
    qstash_message_id text,
    processed_runs    bigint       NOT NULL,
    processed_results bigint       NOT NULL,
    target_results    bigint,
    cursor            bigint       NOT NULL,
    progress          numeric(5,2) NOT NULL,
    creators_recorded bigint       NOT NULL,
    error             text,
    version           bigint       NOT NULL,
    unfolded_event_id uuid,
    created_at        timestamptz  NOT NULL,
    started_at        timestamptz,
    completed_at      timestamptz,
    timeout_at        timestamptz,
    updated_at        timestamptz  NOT NULL
);
CREATE INDEX scraping_jobs_listed ON scraping_jobs (user_id, created_at DESC, id DESC);
CREATE INDEX scraping_jobs_status ON scraping_jobs (user_id, status, created_at DESC, id DESC);
CREATE INDEX scraping_jobs_campaign ON scraping_jobs (campaign_id, created_at DESC, id DESC);
CREATE INDEX scraping_jobs_run ON scraping_jobs (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX scraping_jobs_due ON scraping_jobs (timeout_at, id) WHERE status IN ('pending', 'processing') AND timeout_at IS NOT NULL;
CREATE INDEX scraping_jobs_waiting ON scraping_jobs (asked_campaign_id) WHERE campaign_id IS NULL AND asked_campaign_id IS NOT NULL;
-- Of keywords only containment is asked; of search_params keys too, which the smaller class can't find.
CREATE INDEX scraping_jobs_keywords ON scraping_jobs USING gin (keywords jsonb_path_ops);
CREATE INDEX scraping_jobs_search_params ON scraping_jobs USING gin (search_params);
COMMENT ON COLUMN scraping_jobs.asked_campaign_id IS 'What job.created named; campaign_id is the same once that campaign is known and the owner''s.';
COMMENT ON COLUMN scraping_jobs.progress IS 'Per cent.';
COMMENT ON COLUMN scraping_jobs.creators_recorded IS 'Creators stored in scraping_results, as the log counts them.';
COMMENT ON COLUMN scraping_jobs.unfolded_event_id IS 'The event its history stops at, if one can''t be folded.';

-- No foreign key: replay exchanges scraping_jobs for a rebuilt table, and this one is not rebuilt. The
-- trigger below cascades instead, and the handler stores nothing for a job that is not there.
CREATE TABLE scraping_results (
    id             uuid        PRIMARY KEY,
    job_id         uuid        NOT NULL,
    creators       jsonb       NOT NULL CHECK (jsonb_typeof(creators) = 'array'),
    creators_count integer     NOT NULL,
    digest         text        NOT NULL,
    created_at     timestamptz NOT NULL
);
CREATE INDEX scraping_results_job ON scraping_results (job_id, created_at, id);
COMMENT ON COLUMN scraping_results.digest IS 'SHA-256 of creators as text, in hex; job.results_recorded says the same.';

CREATE FUNCTION delete_results_of_job() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM public.scraping_results WHERE job_id = OLD.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER scraping_jobs_results AFTER DELETE ON scraping_jobs FOR EACH ROW EXECUTE FUNCTION delete_results_of_job();

CREATE TABLE creator_lists (
    id                uuid        PRIMARY KEY,
    user_id           text        NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    name              text        NOT NULL,
    description       text,
    type              text        NOT NULL,
    privacy           text        NOT NULL,
    tags              text[]      NOT NULL,
    is_archived       boolean     NOT NULL,
    items_count       bigint      NOT NULL,
    version           bigint      NOT NULL,
    unfolded_event_id uuid,
    created_at        timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL
);
CREATE INDEX creator_lists_listed ON creator_lists (user_id, created_at DESC, id DESC);
COMMENT ON COLUMN creator_lists.user_id IS 'Clerk id of the owner.';
COMMENT ON COLUMN creator_lists.unfolded_event_id IS 'The event its history stops at, if one can''t be folded.';

CREATE TABLE list_items (
    id         uuid        PRIMARY KEY,
    list_id    uuid        NOT NULL REFERENCES creator_lists (id) ON DELETE CASCADE,
    user_id    text        NOT NULL,
    creator_id text        NOT NULL,
    creator    jsonb,
    position   bigint      NOT NULL,
    bucket     text        NOT NULL,
    notes      text,
    pinned     boolean     NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT list_items_creator UNIQUE (list_id, creator_id)
);
CREATE INDEX list_items_listed ON list_items (list_id, position, id);
CREATE INDEX list_items_found ON list_items (user_id, creator_id);
COMMENT ON COLUMN list_items.user_id IS 'Clerk id of the list''s owner.';

DO $$
DECLARE
    made text;
BEGIN
    FOREACH made IN ARRAY ARRAY['campaigns', 'scraping_jobs', 'scraping_results', 'creator_lists', 'list_items'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', made);
        EXECUTE format('CREATE POLICY %I ON %I TO tenure_app USING (true) WITH CHECK (true)', made || '_app', made);
        EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO tenure_auditor USING (true)', made || '_auditor', made);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO tenure_app', made);
        EXECUTE format('GRANT SELECT ON %I TO tenure_auditor', made);
    END LOOP;
END
$$;
