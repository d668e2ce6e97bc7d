-- Rows: user_id and settled_at of the given states that are stored identically.
-- Leans on the primary key of fold_snapshots.
SELECT f.user_id, f.settled_at
  FROM unnest(%(users)s::text[], %(instants)s::timestamptz[], %(states)s::bytea[]) AS asked (user_id, settled_at, state)
  JOIN fold_snapshots f USING (user_id, settled_at)
 WHERE f.state = asked.state AND f.projector_version = %(version)s
