-- One row: events in the log, and what somebody should look at. Cheap enough for every scrape.
-- Leans on the 64 rows of part_heads; the other tables are small unless something is wrong.
SELECT (SELECT coalesce(sum(head), 0) FROM part_heads)::bigint AS log_events,
       (SELECT count(*) FROM quarantine)                       AS quarantined_users,
       (SELECT count(*) FROM event_conflicts)                  AS event_conflicts,
       (SELECT count(*) FROM unreadable_deliveries)            AS unreadable_deliveries
