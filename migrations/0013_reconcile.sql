-- Why: catching up with a provider takes many pages and may be killed between two of them. Where it
-- stands is committed with each page, so the next run goes on there; none of it is a source of truth.
CREATE TABLE reconcile_cursors (
    scope        text        PRIMARY KEY,
    finished_at  timestamptz,
    caught_up_to timestamptz,
    covers_from  timestamptz,
    window_from  timestamptz,
    after        text,
    newest       timestamptz,
    result       jsonb       NOT NULL DEFAULT '{}',
    updated_at   timestamptz NOT NULL
);
COMMENT ON COLUMN reconcile_cursors.scope IS 'Provider, account and mode: stripe:live, stripe:acct_x:live, clerk.';
COMMENT ON COLUMN reconcile_cursors.finished_at IS 'When it was last complete.';
COMMENT ON COLUMN reconcile_cursors.caught_up_to IS 'Occurrence of the newest event seen by a run that went to its end.';
COMMENT ON COLUMN reconcile_cursors.covers_from IS 'Nothing is missing that occurred between this and caught_up_to.';
COMMENT ON COLUMN reconcile_cursors.window_from IS 'Of the run under way, or killed: null between runs.';
COMMENT ON COLUMN reconcile_cursors.after IS 'The last event of the last page that was kept.';

-- One share of an import: objects of one kind created in a window. Several workers take one each.
CREATE TABLE import_shards (
    scope        text        NOT NULL,
    kind         text        NOT NULL,
    created_from bigint      NOT NULL,
    created_to   bigint      NOT NULL,
    after        text,
    objects      bigint      NOT NULL DEFAULT 0,
    is_done      boolean     NOT NULL DEFAULT false,
    PRIMARY KEY (scope, kind, created_from)
);
COMMENT ON COLUMN import_shards.created_from IS 'Unix seconds, as Stripe filters; created_to is not included.';
COMMENT ON COLUMN import_shards.after IS 'The last object of the last page that was kept.';

-- Which ids a run met at the provider: those of ours it did not meet are asked for one by one.
CREATE TABLE reconcile_seen (
    scope     text NOT NULL,
    object_id text NOT NULL,
    PRIMARY KEY (scope, object_id)
);

DO $$
DECLARE
    made text;
BEGIN
    FOREACH made IN ARRAY ARRAY['reconcile_cursors', 'import_shards', 'reconcile_seen'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', made);
        EXECUTE format('CREATE POLICY %I ON %I TO tenure_app USING (true) WITH CHECK (true)', made || '_app', made);
        EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO tenure_auditor USING (true)', made || '_auditor', made);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO tenure_app', made);
        EXECUTE format('GRANT SELECT ON %I TO tenure_auditor', made);
    END LOOP;
END
$$;
