-- Rows: id of background jobs that contain one of the texts.
-- Leans on nothing: ended jobs are cleared away.
SELECT j.id
  FROM background_jobs j
 WHERE EXISTS (SELECT FROM unnest(%(texts)s::text[]) AS t
                WHERE strpos(lower(concat_ws(' ', j.payload::text, j.result::text, j.error)), t) > 0)
 ORDER BY j.id
