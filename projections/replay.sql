-- name: drop_stale_rebuilds
-- One row: is_free (no replay runs), dropped (schemas), kept_run (run_id of an unfinished replay that may go on).
-- Uses events_type; takes the replay lock until the transaction ends.
SELECT is_free, dropped, kept_run FROM drop_stale_rebuilds()

-- name: replay_access
-- Rows: user_id, plan, status and the three limits of some users, then the three limits of the free plan.
-- Uses users_user_id, user_subscriptions_user, user_usage_user.
SELECT u.user_id, s.current_plan, s.subscription_status, g.plan_campaigns_limit, g.plan_creators_limit, g.plan_features,
       coalesce(free.campaigns_limit, 0), coalesce(free.creators_limit, 0), coalesce(free.features, '{}')
  FROM users u
  JOIN user_subscriptions s ON s.user_id = u.id
  JOIN user_usage g ON g.user_id = u.id
  LEFT JOIN subscription_plans free ON free.plan_key = 'free'
 WHERE u.user_id = ANY (%(users)s::text[])

-- name: replay_added_unique
-- Rows: name, table, and the statement that drops it, of unique and exclusion indexes of these tables that no migration made.
-- Uses pg_index_indrelid_index and pg_constraint_contypid_index.
SELECT index.relname::text, live.relname::text,
       CASE WHEN k.oid IS NULL THEN format('DROP INDEX %%I', index.relname)
            ELSE format('ALTER TABLE %%I DROP CONSTRAINT %%I', live.relname, k.conname) END
  FROM pg_index i
  JOIN pg_class index ON index.oid = i.indexrelid
  JOIN pg_class live ON live.oid = i.indrelid AND live.relnamespace = 'public'::regnamespace
  LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('u', 'x')
 WHERE live.relname = ANY (%(tables)s::text[]) AND (i.indisunique OR i.indisexclusion) AND NOT i.indisprimary
   AND NOT index.relname = ANY (%(own)s::text[])
 ORDER BY live.relname, index.relname

-- name: replay_all_finished
-- Rows: number, outcome of every piece of a stage that is done.
-- Uses the primary key of replay_progress.
SELECT number, outcome::text FROM replay_progress WHERE stage = %(stage)s

-- name: replay_claims_of
-- Rows: customer_id, claimed_by of every customer ever claimed for this user, or linked to them in the tables.
-- Uses customer_links_claimed and customer_links_user.
SELECT customer_id, claimed_by
  FROM customer_links
 WHERE claimed_by @> ARRAY[%(user_id)s::text] OR user_id = %(user_id)s

-- name: replay_close
-- Rows: definitions that revoke default privileges on a schema and on every table in it.
-- Reads pg_class by namespace.
WITH closed AS (
    SELECT format('SCHEMA %%I', n.nspname) AS object, n.nspowner AS owner, n.nspacl AS acl
      FROM pg_namespace n WHERE n.nspname = %(schema)s::text
    UNION ALL
    SELECT format('TABLE %%I.%%I', n.nspname, c.relname), c.relowner, c.relacl
      FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
     WHERE n.nspname = %(schema)s::text
)
SELECT DISTINCT format('REVOKE ALL ON %%s FROM %%s CASCADE', closed.object,
                       CASE r.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r.grantee)) END)
  FROM closed, aclexplode(closed.acl) AS r
 WHERE r.grantee <> closed.owner

-- name: replay_columns
-- Rows: table, column, type of some tables of a schema.
-- Uses pg_attribute_relid_attnum_index.
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = %(schema)s
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relname = ANY (%(tables)s::text[]) AND c.relkind IN ('r', 'p')
 ORDER BY c.relname, a.attname

-- name: replay_digests
-- One row: what the last replay left and what every batch since has moved the sum of digests to, in hex by the reader.
-- Uses no index: 65 rows.
SELECT (SELECT digest FROM projection_digests WHERE slot = 0), (SELECT sum(digest) FROM projection_digests)

-- name: replay_distrust
-- No rows; marks the rows of a user to be written again.
-- Uses the primary key of projection_states.
UPDATE projection_states SET catalog_digest = '' WHERE user_id = %(user_id)s

-- name: replay_export
-- One row: the name of this transaction's snapshot, for other sessions to read under.
-- Uses no index.
SELECT pg_export_snapshot()

-- name: replay_finish
-- No rows; a piece of a replay is done.
-- Uses the primary key of replay_progress: no piece is done twice.
INSERT INTO replay_progress (stage, number, outcome) VALUES (%(stage)s, %(number)s, %(outcome)s::json)

-- name: replay_finished
-- At most one row: the outcome of a piece of a replay.
-- Uses the primary key of replay_progress.
SELECT outcome::text FROM replay_progress WHERE stage = %(stage)s AND number = %(number)s

-- name: replay_foreign_keys
-- Rows: definitions of a live table's foreign keys, names of projected tables unqualified, for its twin.
-- Uses pg_constraint_conrelid_contypid_conname_index.
SELECT format('ALTER TABLE %%I.%%I ADD CONSTRAINT %%I %%s', %(schema)s::text, %(table)s::text, k.conname, pg_get_constraintdef(k.oid, true))
  FROM pg_constraint k
 WHERE k.conrelid = format('public.%%I', %(table)s::text)::regclass AND k.contype = 'f'
   AND NOT EXISTS (SELECT FROM pg_constraint made
                    WHERE made.conrelid = format('%%I.%%I', %(schema)s::text, %(table)s::text)::regclass AND made.conname = k.conname)
 ORDER BY k.conname

-- name: replay_has_catalog
-- One row: whether the log has a plan event up to a position.
-- Uses events_stream.
SELECT EXISTS (
       SELECT FROM events
        WHERE part = %(part)s AND route_key = %(route_key)s AND position <= %(bound)s AND source_system = 'tenure')

-- name: replay_has_nodes
-- One row: whether this database has Citus, without which the log is on one node.
-- Uses the name of the table in which Citus keeps what it distributes.
SELECT to_regclass('pg_dist_partition') IS NOT NULL

-- name: replay_has_user
-- At most one row: the user has been folded.
-- Uses the primary key of projection_states.
SELECT 1 FROM projection_states WHERE user_id = %(user_id)s

-- name: replay_heads
-- Rows: part, head.
-- Uses no index: 64 rows.
SELECT part, head FROM part_heads ORDER BY part

-- name: replay_indexes
-- Rows: definitions of a live table's other indexes, its name unqualified, for its twin.
-- Uses pg_index_indrelid_index.
SELECT pg_get_indexdef(i.indexrelid, 0, true)
  FROM pg_index i
 WHERE i.indrelid = format('public.%%I', %(table)s::text)::regclass AND i.indisvalid
   AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
 ORDER BY i.indexrelid

-- name: replay_is_dressed
-- At most one row: the table has its primary key, so all definitions created together with it.
-- Uses pg_index_indrelid_index.
SELECT 1 FROM pg_index WHERE indrelid = format('%%I.%%I', %(schema)s::text, %(table)s::text)::regclass AND indisprimary

-- name: replay_is_on_nodes
-- One row if the log lies on several nodes, else none; only where there is Citus.
-- Uses pg_dist_partition, which Citus keeps.
SELECT 1 FROM pg_dist_partition WHERE logicalrelid = 'public.events'::regclass

-- name: replay_keep_plan
-- No rows; the plan under which the shadow tables are built.
-- Uses no index: one row.
INSERT INTO replay_plan (plan) VALUES (%(plan)s::json)

-- name: replay_key
-- Rows: columns of a table's primary key, in its order.
-- Uses pg_index_indrelid_index.
SELECT a.attname
  FROM pg_index i
 CROSS JOIN LATERAL unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, place)
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
 WHERE i.indrelid = format('%%I.%%I', %(schema)s::text, %(table)s::text)::regclass AND i.indisprimary
 ORDER BY k.place

-- name: replay_keys
-- Rows: definitions of a live table's primary key, unique and exclusion constraints, for its twin.
-- Uses pg_constraint_conrelid_contypid_conname_index.
SELECT format('ALTER TABLE %%I.%%I ADD CONSTRAINT %%I %%s', %(schema)s::text, %(table)s::text, conname, pg_get_constraintdef(oid, true))
  FROM pg_constraint
 WHERE conrelid = format('public.%%I', %(table)s::text)::regclass AND contype IN ('p', 'u', 'x')
 ORDER BY contype, conname

-- name: replay_leaning
-- Rows: views that depend on the live projected tables.
-- Uses pg_depend_reference_index.
SELECT DISTINCT format('view %%s', leaning.oid::regclass)
  FROM pg_depend d
  JOIN pg_rewrite r ON r.oid = d.objid
  JOIN pg_class leaning ON leaning.oid = r.ev_class
  JOIN pg_class live ON live.oid = d.refobjid AND live.relnamespace = 'public'::regnamespace
 WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND live.relname = ANY (%(tables)s::text[])
 ORDER BY 1

-- name: replay_lock
-- One row: whether this session now holds the replay lock.
-- Uses an advisory lock of the session, free as soon as its session ends.
SELECT pg_try_advisory_lock(hashtext('tenure replay'))

-- name: replay_make_digests
-- No rows; empty slots for the sum of digests.
-- Uses the primary key of projection_digests.
INSERT INTO projection_digests (slot) SELECT slot FROM public.projection_digests

-- name: replay_make_progress
-- No rows; where a replay keeps its plan and notes what is done. Dropped with the schema it is in.
-- Uses the search path: the shadow schema is first.
CREATE TABLE replay_plan (plan json NOT NULL);
CREATE TABLE replay_progress (
    stage   text    NOT NULL,
    number  integer NOT NULL,
    outcome json    NOT NULL,
    PRIMARY KEY (stage, number)
)

-- name: replay_one_moment
-- No rows; from here on this transaction sees one snapshot. Nothing may have been read in it before.
-- Uses snapshot isolation.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ

-- name: replay_options
-- Rows: definitions of a live table's owner, storage options, comment and row security, for its twin.
-- Uses the primary key of pg_class.
SELECT definition
  FROM pg_class live
 CROSS JOIN LATERAL (VALUES
       (1, format('ALTER TABLE %%I.%%I OWNER TO %%I', %(schema)s::text, live.relname, pg_get_userbyid(live.relowner))),
       (2, CASE WHEN live.reloptions IS NOT NULL
                THEN format('ALTER TABLE %%I.%%I SET (%%s)', %(schema)s::text, live.relname, array_to_string(live.reloptions, ', ')) END),
       (3, CASE WHEN live.relrowsecurity THEN format('ALTER TABLE %%I.%%I ENABLE ROW LEVEL SECURITY', %(schema)s::text, live.relname) END),
       (4, CASE WHEN live.relforcerowsecurity THEN format('ALTER TABLE %%I.%%I FORCE ROW LEVEL SECURITY', %(schema)s::text, live.relname) END),
       (5, format('COMMENT ON TABLE %%I.%%I IS %%L', %(schema)s::text, live.relname, obj_description(live.oid, 'pg_class')))
       ) AS options (step, definition)
 WHERE live.oid = format('public.%%I', %(table)s::text)::regclass AND definition IS NOT NULL
 ORDER BY step

-- name: replay_outside_keys
-- Rows: schema, table, name, definition of foreign keys by which tables that are not rebuilt refer to live ones that are.
-- Uses pg_constraint_conrelid_contypid_conname_index.
SELECT n.nspname, outside.relname, k.conname, regexp_replace(pg_get_constraintdef(k.oid, true), ' NOT VALID$', '')
  FROM pg_constraint k
  JOIN pg_class live ON live.oid = k.confrelid AND live.relnamespace = 'public'::regnamespace
  JOIN pg_class outside ON outside.oid = k.conrelid
  JOIN pg_namespace n ON n.oid = outside.relnamespace
 WHERE k.contype = 'f' AND k.conparentid = 0 AND live.relname = ANY (%(tables)s::text[])
   AND NOT (outside.relname = ANY (%(tables)s::text[]) AND n.nspname = 'public')
 ORDER BY n.nspname, outside.relname, k.conname

-- name: replay_pages
-- One row: how many pages the log's heap has; none where the table is partitioned or distributed.
-- Uses nothing but the size of a file.
SELECT (pg_relation_size('public.events') / current_setting('block_size')::bigint)::bigint

-- name: replay_pin
-- No rows; how far the shadow tables will have been projected, and by which code.
-- Uses the primary key of projection_checkpoints.
INSERT INTO projection_checkpoints (part, position, projector_version)
SELECT pinned.part, pinned.position, CASE WHEN pinned.position > 0 THEN %(version)s::text ELSE '' END
  FROM unnest(%(parts)s::smallint[], %(positions)s::bigint[]) AS pinned (part, position)

-- name: replay_read
-- Copies what a fold needs of the events in a range of heap pages, in physical order; the payload only where it is read.
-- Uses a TID range scan: each page is read once, and nothing is sorted.
COPY (
SELECT part, position, occurred_at, source_system, event_type, idempotency_key, id::text, route_key, aggregate_type, livemode,
       CASE WHEN source_system = 'tenure' OR event_type LIKE ANY (%(read_types)s) THEN event_data END
  FROM public.events
 WHERE ctid >= %(lower)s::tid AND ctid < %(upper)s::tid AND position <= (%(pins)s::bigint[])[part + 1]
) TO STDOUT (FORMAT binary)

-- name: replay_read_part
-- Copies what a fold needs of the events in a range of positions of one part; the payload only where it is read.
-- Uses the primary key of events.
COPY (
SELECT part, position, occurred_at, source_system, event_type, idempotency_key, id::text, route_key, aggregate_type, livemode,
       CASE WHEN source_system = 'tenure' OR event_type LIKE ANY (%(read_types)s) THEN event_data END
  FROM public.events
 WHERE part = %(part)s AND position > %(after)s AND position <= %(last)s
) TO STDOUT (FORMAT binary)

-- name: replay_receipts
-- Rows: recorded_at, heads of receipts of a replay that gave this digest, the latest first.
-- Uses events_type.
SELECT recorded_at, ARRAY(SELECT json_array_elements_text(event_data -> 'heads')::bigint)
  FROM events
 WHERE event_type = 'projection.replayed' AND source_system = 'tenure' AND event_data ->> 'digest' = %(digest)s
 ORDER BY recorded_at DESC
 LIMIT 1

-- name: replay_rights
-- Rows: definitions of the rights on a live table, for its twin: grants, column grants, policies.
-- Uses the primary keys of the system catalogs.
WITH live AS (SELECT * FROM pg_class WHERE oid = format('public.%%I', %(table)s::text)::regclass)
SELECT definition FROM (
SELECT 1 AS step, format('GRANT %%s ON %%I.%%I TO %%s%%s', given.privilege_type, %(schema)s::text, live.relname,
                 CASE given.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(given.grantee)) END,
                 CASE WHEN given.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) AS definition
  FROM live, aclexplode(live.relacl) AS given
UNION
SELECT 2, format('GRANT %%s (%%I) ON %%I.%%I TO %%s%%s', given.privilege_type, a.attname, %(schema)s::text, live.relname,
                 CASE given.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(given.grantee)) END,
                 CASE WHEN given.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
  FROM live JOIN pg_attribute a ON a.attrelid = live.oid AND a.attacl IS NOT NULL, aclexplode(a.attacl) AS given
UNION
SELECT 3, format('CREATE POLICY %%I ON %%I.%%I AS %%s FOR %%s TO %%s%%s%%s', p.polname, %(schema)s::text, live.relname,
                 CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
                 CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
                 (SELECT string_agg(CASE r WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r)) END, ', ') FROM unnest(p.polroles) AS r),
                 coalesce(' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', ''),
                 coalesce(' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', ''))
  FROM live JOIN pg_policy p ON p.polrelid = live.oid
) AS rights
 ORDER BY step

-- name: replay_set_digests
-- No rows; the sum of digests is this, and nothing was moved since.
-- Uses no index: 65 rows.
UPDATE projection_digests SET digest = CASE WHEN slot = 0 THEN %(digest)s::numeric ELSE 0 END

-- name: replay_stand_still
-- No rows; from here on this transaction sees one snapshot.
-- Uses snapshot isolation.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY

-- name: replay_triggers
-- Rows: definitions of a live table's own triggers, its name unqualified, for its twin.
-- Uses pg_trigger_tgrelid_tgname_index.
SELECT pg_get_triggerdef(t.oid, true)
  FROM pg_trigger t
 WHERE t.tgrelid = format('public.%%I', %(table)s::text)::regclass AND NOT t.tgisinternal
   AND NOT EXISTS (SELECT FROM pg_trigger made
                    WHERE made.tgrelid = format('%%I.%%I', %(schema)s::text, %(table)s::text)::regclass AND made.tgname = t.tgname)
 ORDER BY t.tgname

-- name: replay_unsettled
-- At most one row: some user's rows were written under another catalog than the present one, or their history is still to be folded again.
-- Uses projection_states_catalog and projection_states_refold_since.
(SELECT 1
   FROM projection_states s, projection_catalog c
  WHERE s.catalog_digest < c.digest OR s.catalog_digest > c.digest
  LIMIT 1)
UNION ALL
(SELECT 1 FROM projection_states WHERE refold_after IS NOT NULL LIMIT 1)

-- name: replay_versions
-- Rows: versions of the projector, other than this one, that some part was projected by.
-- Uses no index: 64 rows.
SELECT DISTINCT projector_version
  FROM projection_checkpoints
 WHERE position > 0 AND projector_version <> %(version)s
 ORDER BY 1
