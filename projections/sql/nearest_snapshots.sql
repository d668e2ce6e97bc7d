-- Rows: user_id, settled_at and state of each user's last fold snapshot up to an instant, by this version of the projector.
-- Leans on the primary key of fold_snapshots.
SELECT asked.user_id, s.settled_at, s.state
  FROM unnest(%(users)s::text[], %(instants)s::timestamptz[]) AS asked (user_id, settled_at)
 CROSS JOIN LATERAL (
       SELECT f.settled_at, f.state FROM fold_snapshots f
        WHERE f.user_id = asked.user_id AND f.settled_at <= asked.settled_at AND f.projector_version = %(version)s
        ORDER BY f.settled_at DESC
        LIMIT 1) AS s
