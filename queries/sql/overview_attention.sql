-- One row: numbers of quarantined users, unlinked customers, conflicts and unreadable deliveries; users; events.
-- Leans on customer_links_user, the primary keys and the 64 rows of part_heads.
SELECT (SELECT count(*) FROM quarantine)                             AS quarantined,
       (SELECT count(*) FROM customer_links
         WHERE user_id IS NULL AND NOT owner_left)                   AS unlinked,
       (SELECT count(*) FROM event_conflicts)                        AS conflicts,
       (SELECT count(*) FROM unreadable_deliveries)                  AS unreadable,
       (SELECT count(*) FROM users)                                  AS users,
       (SELECT coalesce(sum(head), 0) FROM part_heads)::bigint       AS events,
       (SELECT nullif(max(recorded_at), '-infinity') FROM part_heads) AS last_recorded_at
