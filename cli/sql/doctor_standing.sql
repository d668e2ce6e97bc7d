-- One row: problems that wait for an operator, and how old the last signed checkpoint is.
-- Leans on the 64 rows of part_heads; log_checkpoints_signed.
SELECT (SELECT count(*) FROM quarantine)                                  AS quarantined,
       (SELECT count(*) FROM customer_links
         WHERE user_id IS NULL AND NOT owner_left)                        AS unlinked,
       (SELECT count(*) FROM event_conflicts)                             AS conflicts,
       (SELECT count(*) FROM unreadable_deliveries)                       AS unreadable,
       (SELECT count(*) FROM background_jobs WHERE status = 'dead')       AS dead_jobs,
       (SELECT max(signed_at) FROM log_checkpoints)                       AS signed_at,
       (SELECT coalesce(max(size), 0) FROM log_checkpoints)::bigint       AS signed_events,
       (SELECT coalesce(sum(head), 0) FROM part_heads)::bigint            AS events,
       (SELECT array_agg(DISTINCT projector_version)
          FROM projection_checkpoints WHERE position > 0)                 AS projector_versions
