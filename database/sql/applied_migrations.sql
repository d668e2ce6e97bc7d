-- Returns migration_id, applied_at, sha256, baseline of every applied migration, lowest number first.
-- Leans on migration_manifest's primary key.
SELECT m.migration_id, m.applied_at_utc AT TIME ZONE 'UTC' AS applied_at,
       f.sha256, coalesce(f.baseline, false) AS baseline
  FROM _yoyo_migration m
  LEFT JOIN migration_manifest f ON f.migration_id = m.migration_id
 ORDER BY m.migration_id COLLATE "C"
