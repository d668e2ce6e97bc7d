-- Rows: numbers, ascending, of checkpoints signed before `before` that retention does not keep. Kept are the last of each
-- hour, before `daily_before` of each day, and those on both sides of a change of keys: trust goes back through them.
-- Reads log_checkpoints_signed.
WITH placed AS (
    SELECT c.number,
           c.number = max(c.number) OVER (PARTITION BY c.signed_at < %(daily_before)s, date_trunc(
               CASE WHEN c.signed_at < %(daily_before)s THEN 'day' ELSE 'hour' END, c.signed_at, 'UTC')) AS is_last,
           lag(c.verifiers) OVER in_order IS DISTINCT FROM c.verifiers
               OR lead(c.verifiers) OVER in_order IS DISTINCT FROM c.verifiers AS changes_keys
      FROM log_checkpoints c
     WHERE c.signed_at < %(before)s
    WINDOW in_order AS (ORDER BY c.number)
)
SELECT number FROM placed WHERE NOT is_last AND NOT changes_keys ORDER BY number LIMIT %(limit)s
