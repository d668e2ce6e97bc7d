-- No rows; keeps states of folds, each in the place of one from the same instant. The users are locked already.
-- Leans on the primary key of fold_snapshots.
INSERT INTO fold_snapshots (user_id, settled_at, state, projector_version)
SELECT kept.user_id, kept.settled_at, kept.state, %(version)s
  FROM unnest(%(users)s::text[], %(instants)s::timestamptz[], %(states)s::bytea[]) AS kept (user_id, settled_at, state)
    ON CONFLICT (user_id, settled_at) DO UPDATE SET state = excluded.state, projector_version = excluded.projector_version
