-- One row: the digest of what a job found, as stored; a decision that is asked again stores it once.
-- Leans on the primary key of scraping_results.
INSERT INTO scraping_results AS r (id, job_id, creators, creators_count, digest, created_at)
SELECT %(id)s::uuid, %(job_id)s::uuid, said.creators, jsonb_array_length(said.creators),
       encode(sha256(convert_to(said.creators::text, 'UTF8')), 'hex'), %(at)s::timestamptz
  FROM (SELECT %(creators)s::jsonb AS creators OFFSET 0) AS said
    ON CONFLICT (id) DO UPDATE SET created_at = EXCLUDED.created_at
RETURNING r.digest
