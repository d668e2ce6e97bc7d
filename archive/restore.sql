-- name: has_events
-- One row: whether the log has any event.
-- Uses the log's primary key.
SELECT EXISTS (SELECT FROM events)

-- name: seed_rebuilt
-- Returns nothing; what migrations put into the tables a replay builds, for nothing is projected yet.
-- Uses their primary keys.
WITH checkpoints AS (
    INSERT INTO projection_checkpoints (part) SELECT generate_series(0, 63) ON CONFLICT DO NOTHING
)
INSERT INTO projection_digests (slot) SELECT generate_series(0, 64) ON CONFLICT DO NOTHING

-- name: tables_present
-- Rows: which of the named tables are in the current schema.
-- Uses the system catalog by name.
SELECT c.relname::text FROM pg_class c
 WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ANY (%(tables)s) AND c.relkind IN ('r', 'p', 'v')
 ORDER BY 1
