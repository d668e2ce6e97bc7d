-- No rows; removes each user's fold snapshots between two instants, both included.
-- Leans on the primary key of fold_snapshots.
DELETE FROM fold_snapshots AS f
 USING unnest(%(users)s::text[], %(since)s::timestamptz[], %(until)s::timestamptz[]) AS gone (user_id, since, until)
 WHERE f.user_id = gone.user_id AND f.settled_at BETWEEN gone.since AND gone.until
