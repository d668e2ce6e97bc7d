-- One more column of a result.
-- Leans on results_source.
     , r.creators, octet_length(r.creators::text) AS bytes
