-- name: differing_rows
-- Rows: table, owner and columns where a row differs from the expected one; all columns when it is missing.
-- Uses the primary keys of the five tables.
WITH wanted AS (
    SELECT w.owner, w.table_name, w.row
      FROM jsonb_to_recordset(%(wanted)s::jsonb) AS w (owner text, table_name text, row jsonb)
), compared AS (
    SELECT w.owner, w.table_name, to_jsonb(jsonb_populate_record(NULL::users, w.row)) AS should, to_jsonb(t) AS found
      FROM wanted w LEFT JOIN users t ON t.id = (w.row ->> 'id')::uuid WHERE w.table_name = 'users'
    UNION ALL
    SELECT w.owner, w.table_name, to_jsonb(jsonb_populate_record(NULL::user_subscriptions, w.row)), to_jsonb(t)
      FROM wanted w LEFT JOIN user_subscriptions t ON t.id = (w.row ->> 'id')::uuid WHERE w.table_name = 'user_subscriptions'
    UNION ALL
    SELECT w.owner, w.table_name, to_jsonb(jsonb_populate_record(NULL::user_billing, w.row)), to_jsonb(t)
      FROM wanted w LEFT JOIN user_billing t ON t.id = (w.row ->> 'id')::uuid WHERE w.table_name = 'user_billing'
    UNION ALL
    SELECT w.owner, w.table_name, to_jsonb(jsonb_populate_record(NULL::user_usage, w.row)), to_jsonb(t)
      FROM wanted w LEFT JOIN user_usage t ON t.id = (w.row ->> 'id')::uuid WHERE w.table_name = 'user_usage'
    UNION ALL
    SELECT w.owner, w.table_name, to_jsonb(jsonb_populate_record(NULL::user_system_data, w.row)), to_jsonb(t)
      FROM wanted w LEFT JOIN user_system_data t ON t.id = (w.row ->> 'id')::uuid WHERE w.table_name = 'user_system_data'
)
SELECT c.owner, c.table_name,
       (SELECT array_agg(cell.key ORDER BY cell.key) FROM jsonb_each(c.should) AS cell
         WHERE c.found IS NULL OR (c.found -> cell.key) IS DISTINCT FROM cell.value) AS columns
  FROM compared c
 WHERE c.found IS DISTINCT FROM c.should

-- name: one_moment
-- No row. Every statement of this transaction sees the same snapshot.
-- Uses no index.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ

-- name: row_digests
-- Rows: digest of the rows the projector last wrote for each user, and of the catalog; none while a refold is pending.
-- Uses the primary key of projection_states.
SELECT user_id, row_digest, catalog_digest
  FROM projection_states WHERE user_id = ANY (%(users)s::text[]) AND refold_after IS NULL
