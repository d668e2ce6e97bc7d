-- No rows; the errors and results of scheduled handlers that contain one of the texts are emptied.
-- Leans on nothing: a row per handler.
UPDATE schedule_runs s SET error = CASE WHEN s.error IS NOT NULL THEN '(erased)' END, result = NULL
 WHERE EXISTS (SELECT FROM unnest(%(texts)s::text[]) AS t
                WHERE strpos(lower(concat_ws(' ', s.error, s.result::text)), t) > 0)
