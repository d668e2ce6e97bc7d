-- One row: the digest of a job's results, as stored; a repeated decision stores them once.
-- Leans on the primary key of scraping_results.
INSERT INTO scraping_results AS r (id, job_id, creators, creators_count, digest, created_at)
SELECT %(id)s::uuid, %(job_id)s::uuid, input.creators, jsonb_array_length(input.creators),
       encode(sha256(convert_to(input.creators::text, 'UTF8')), 'hex'), %(at)s::timestamptz
  FROM (SELECT %(creators)s::jsonb AS creators OFFSET 0) AS input
    ON CONFLICT (id) DO UPDATE SET created_at = EXCLUDED.created_at
RETURNING r.digest
