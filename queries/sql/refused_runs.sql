-- Rows: source, message and since of every reconciliation that a brake stopped and none has completed since.
-- Leans on the handful of rows of reconcile_cursors.
SELECT split_part(c.scope, ':', 1) AS source, c.result ->> 'message' AS message, c.updated_at AS since
  FROM reconcile_cursors c
 WHERE c.scope LIKE '%%:refused'
 ORDER BY c.scope
