-- name: claim_parts
-- Rows: part, position, head of parts with events not yet projected; each locked for this batch.
-- Uses the primary key of projection_checkpoints, and on part_heads having 64 rows. The heads are read apart: where
-- they are on other nodes, rows are locked only by a statement that keeps to one.
  WITH heads AS MATERIALIZED (SELECT part, head FROM part_heads)
SELECT c.part, c.position, h.head
  FROM projection_checkpoints c
  JOIN heads h ON h.part = c.part
 WHERE c.position < h.head AND c.part <> ALL (%(avoided)s::smallint[])
 ORDER BY h.head - c.position DESC, c.part
 LIMIT %(parts)s
   FOR UPDATE OF c SKIP LOCKED

-- name: claim_refolds
-- Rows: user_id and refold_since of the users who wait longest for their history to be folded again, locked; users whom another
-- transaction locks are skipped.
-- Uses projection_states_refold_since.
SELECT user_id, refold_since
  FROM projection_states
 WHERE refold_after IS NOT NULL
 ORDER BY refold_since
 LIMIT %(limit)s
   FOR UPDATE SKIP LOCKED

-- name: customers_claimed_by
-- Rows: customers ever claimed for one of these users.
-- Uses customer_links_claimed.
SELECT customer_id FROM customer_links WHERE claimed_by && %(users)s::text[]

-- name: customers_elsewhere
-- Rows: customers of connected accounts, whose ids begin with their account's.
-- Scans customer_links: run only when an operator changes which accounts are trusted.
SELECT customer_id FROM customer_links WHERE customer_id LIKE '%%/%%'

-- name: customers_of
-- Rows: customer_id, user_id, claims of every customer linked to these users.
-- Uses customer_links_user.
SELECT customer_id, user_id, claims
  FROM customer_links
 WHERE user_id = ANY (%(users)s::text[])

-- name: delete_customers
-- No rows; removes customers without events.
-- Uses the primary key of customer_links.
DELETE FROM customer_links WHERE customer_id = ANY (%(customers)s::text[])

-- name: delete_snapshots
-- No rows; removes each user's fold snapshots between two instants, both included.
-- Uses the primary key of fold_snapshots.
DELETE FROM fold_snapshots AS f
 USING unnest(%(users)s::text[], %(since)s::timestamptz[], %(until)s::timestamptz[]) AS gone (user_id, since, until)
 WHERE f.user_id = gone.user_id AND f.settled_at BETWEEN gone.since AND gone.until

-- name: delete_users
-- No rows; removes users without events (their only customer now has another owner).
-- Uses users_user_id; the other tables follow by cascade. Their digests are subtracted from the sum.
WITH gone AS (DELETE FROM users WHERE user_id = ANY (%(users)s::text[])),
     healed AS (DELETE FROM quarantine WHERE user_id = ANY (%(users)s::text[])),
     kept AS (DELETE FROM fold_snapshots WHERE user_id = ANY (%(users)s::text[])),
     moved AS (
    UPDATE projection_digests AS d
       SET digest = mod(mod(d.digest - coalesce((
               SELECT sum(digest_number(s.row_digest)) FROM projection_states s WHERE s.user_id = ANY (%(users)s::text[])), 0),
               115792089237316195423570985008687907853269984665640564039457584007913129639936) + 115792089237316195423570985008687907853269984665640564039457584007913129639936, 115792089237316195423570985008687907853269984665640564039457584007913129639936)
     WHERE d.slot = coalesce((SELECT slot FROM projection_digests WHERE slot > 0 LIMIT 1 FOR UPDATE SKIP LOCKED), 1))
DELETE FROM projection_states WHERE user_id = ANY (%(users)s::text[])

-- name: equal_snapshots
-- Rows: user_id and settled_at of the given states that are stored identically.
-- Uses the primary key of fold_snapshots.
SELECT f.user_id, f.settled_at
  FROM unnest(%(users)s::text[], %(instants)s::timestamptz[], %(states)s::bytea[]) AS asked (user_id, settled_at, state)
  JOIN fold_snapshots f USING (user_id, settled_at)
 WHERE f.state = asked.state AND f.projector_version = %(version)s

-- name: hold_links
-- No rows used; waits for the transactions that lock customers, and lets none begin before this one ends.
-- Uses an advisory lock of the schema.
SELECT pg_advisory_xact_lock(hashtext('tenure links ' || current_schema()))

-- name: leave_quarantine
-- No rows; users whose history can be folded again.
-- Uses the primary key of quarantine.
DELETE FROM quarantine WHERE user_id = ANY (%(users)s::text[])

-- name: lock_all_parts
-- No rows used; locks every part, after the batches that now lock some.
-- Uses the primary key of projection_checkpoints.
SELECT part FROM projection_checkpoints ORDER BY part FOR UPDATE

-- name: lock_customers
-- Rows: customer_id, user_id, claims, claimed_by; locked in id order.
-- Uses the primary key of customer_links.
SELECT customer_id, user_id, claims, claimed_by
  FROM customer_links
 WHERE customer_id = ANY (%(customers)s::text[])
 ORDER BY customer_id
   FOR UPDATE

-- name: lock_states
-- Rows: user_id, state, catalog_digest, refold_after, refold_until; locked in id order.
-- Uses the primary key of projection_states.
SELECT user_id, state::text, catalog_digest, refold_after, refold_until
  FROM projection_states
 WHERE user_id = ANY (%(users)s::text[])
 ORDER BY user_id
   FOR UPDATE

-- name: meet_customers
-- No rows; inserts a row for each new customer, to be locked. In id order, so that no deadlock arises.
-- Uses the primary key of customer_links.
INSERT INTO customer_links (customer_id, claims, claimed_by, created_at, updated_at)
SELECT met.customer_id, 'null', '{}', 'infinity', 'infinity'
  FROM unnest(%(customers)s::text[]) AS met (customer_id)
 ORDER BY met.customer_id
    ON CONFLICT (customer_id) DO NOTHING

-- name: meet_users
-- No rows; inserts a state for each new user, to be locked. In id order, so that no deadlock arises.
-- Uses the primary key of projection_states.
INSERT INTO projection_states (user_id)
SELECT met.user_id
  FROM unnest(%(users)s::text[]) AS met (user_id)
 ORDER BY met.user_id
    ON CONFLICT (user_id) DO NOTHING

-- name: nearest_snapshots
-- Rows: user_id, settled_at and state of each user's last fold snapshot up to an instant, by this version of the projector.
-- Uses the primary key of fold_snapshots.
SELECT asked.user_id, s.settled_at, s.state
  FROM unnest(%(users)s::text[], %(instants)s::timestamptz[]) AS asked (user_id, settled_at)
 CROSS JOIN LATERAL (
       SELECT f.settled_at, f.state FROM fold_snapshots f
        WHERE f.user_id = asked.user_id AND f.settled_at <= asked.settled_at AND f.projector_version = %(version)s
        ORDER BY f.settled_at DESC
        LIMIT 1) AS s

-- name: outdated_users
-- Rows: user_id of users whose rows were written under another catalog.
-- Uses projection_states_catalog.
SELECT user_id
  FROM projection_states
 WHERE catalog_digest < %(digest)s OR catalog_digest > %(digest)s
 LIMIT %(limit)s

-- name: read_catalog
-- At most one row: digest, catalog.
-- Uses no index: one row.
SELECT digest, catalog::text FROM projection_catalog

-- name: read_checkpoints
-- Rows: part, position.
-- Uses no index: 64 rows.
SELECT part, position FROM projection_checkpoints

-- name: share_links
-- No rows used; waits for the transactions that delete users, and lets none begin before this one ends.
-- Uses an advisory lock of the schema.
SELECT pg_advisory_xact_lock_shared(hashtext('tenure links ' || current_schema()))

-- name: write_catalog
-- No rows; the catalog as folded so far.
-- Uses the primary key of projection_catalog.
INSERT INTO projection_catalog (id, digest, catalog) VALUES (true, %(digest)s, %(catalog)s::json)
    ON CONFLICT (id) DO UPDATE SET digest = EXCLUDED.digest, catalog = EXCLUDED.catalog

-- name: write_checkpoints
-- No rows; how far each part is projected, and by which code.
-- Uses the primary key of projection_checkpoints.
UPDATE projection_checkpoints AS c
   SET position = v.position, projector_version = %(version)s, moved_at = clock_timestamp()
  FROM unnest(%(parts)s::smallint[], %(positions)s::bigint[]) AS v (part, position)
 WHERE c.part = v.part

-- name: write_links
-- No rows; the present links.
-- Uses the primary key of customer_links.
UPDATE customer_links AS l
   SET user_id = v.user_id, claims = v.claims, claimed_by = v.claimed_by, owner_left = v.owner_left,
       created_at = v.created_at, updated_at = v.updated_at
  FROM json_populate_recordset(NULL::customer_links, %(rows)s::json) AS v
 WHERE l.customer_id = v.customer_id

-- name: write_refolds
-- No rows; notes from where on users' histories are still to be folded again; null when nowhere. The users are locked already.
-- Uses the primary key of projection_states.
UPDATE projection_states AS s
   SET refold_after = v.refold_after, refold_until = v.refold_until,
       refold_since = CASE WHEN v.refold_after IS NULL THEN NULL WHEN v.anew THEN clock_timestamp()
                           ELSE coalesce(s.refold_since, clock_timestamp()) END
  FROM unnest(%(users)s::text[], %(after)s::bigint[], %(until)s::bigint[], %(anew)s::boolean[])
       AS v (user_id, refold_after, refold_until, anew)
 WHERE s.user_id = v.user_id

-- name: write_snapshots
-- No rows; keeps states of folds, each in the place of one from the same instant. The users are locked already.
-- Uses the primary key of fold_snapshots.
INSERT INTO fold_snapshots (user_id, settled_at, state, projector_version)
SELECT kept.user_id, kept.settled_at, kept.state, %(version)s
  FROM unnest(%(users)s::text[], %(instants)s::timestamptz[], %(states)s::bytea[]) AS kept (user_id, settled_at, state)
    ON CONFLICT (user_id, settled_at) DO UPDATE SET state = excluded.state, projector_version = excluded.projector_version

-- name: write_states
-- No rows; each user's fold, and by how much that moves the sum of all row digests.
-- Uses the primary keys of projection_states and projection_digests; the users are locked already.
WITH moved AS (
    UPDATE projection_digests AS d
       SET digest = mod(mod(d.digest + %(added)s::numeric - coalesce((
               SELECT sum(digest_number(s.row_digest)) FROM projection_states s WHERE s.user_id = ANY (%(users)s::text[])), 0),
               115792089237316195423570985008687907853269984665640564039457584007913129639936) + 115792089237316195423570985008687907853269984665640564039457584007913129639936, 115792089237316195423570985008687907853269984665640564039457584007913129639936)
     WHERE d.slot = coalesce((SELECT slot FROM projection_digests WHERE slot > 0 LIMIT 1 FOR UPDATE SKIP LOCKED), 1))
UPDATE projection_states AS s
   SET state = v.state, catalog_digest = %(catalog_digest)s, row_digest = v.row_digest
  FROM json_to_recordset(%(states)s::json) AS v (user_id text, state json, row_digest bytea)
 WHERE s.user_id = v.user_id
