-- One row: how much is in the log and in the tables, and problems that wait for an operator.
-- Leans on the primary keys; counts of users and customers read an index once.
SELECT (SELECT coalesce(sum(head), 0) FROM part_heads)::bigint                  AS events,
       (SELECT nullif(max(recorded_at), '-infinity') FROM part_heads)          AS last_recorded_at,
       (SELECT count(*) FROM part_heads h JOIN projection_checkpoints c USING (part)
         WHERE h.head > c.position)                                            AS parts_behind,
       (SELECT coalesce(max(h.head - c.position), 0)
          FROM part_heads h JOIN projection_checkpoints c USING (part))        AS most_behind,
       (SELECT array_agg(DISTINCT projector_version)
          FROM projection_checkpoints WHERE position > 0)                      AS projector_versions,
       (SELECT count(*) FROM users)                                            AS users,
       (SELECT count(*) FROM quarantine)                                       AS quarantined,
       (SELECT count(*) FROM customer_links
         WHERE user_id IS NULL AND NOT owner_left)                             AS unlinked_customers,
       (SELECT count(*) FROM background_jobs WHERE status = 'dead')            AS dead_jobs,
       (SELECT count(*) FROM schedule_runs WHERE failures > 0 OR result ? 'failed') AS failing_handlers,
       (SELECT count(*) FROM event_conflicts)                                  AS conflicts,
       (SELECT count(*) FROM unreadable_deliveries)                            AS unreadable
