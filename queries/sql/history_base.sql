-- Rows: settled_at and state of the user's last valid fold snapshot before an instant.
-- Leans on the primary keys of projection_states and fold_snapshots.
SELECT f.settled_at, f.state
  FROM projection_states s
 CROSS JOIN LATERAL (
       SELECT k.settled_at, k.state
         FROM fold_snapshots k
        WHERE k.user_id = s.user_id AND k.settled_at <= %(before)s AND k.projector_version = %(version)s
          AND (s.refold_after IS NULL OR extract(epoch FROM k.settled_at) * 1000000 <= s.refold_after)
        ORDER BY k.settled_at DESC
        LIMIT 1) AS f
 WHERE s.user_id = %(user_id)s
