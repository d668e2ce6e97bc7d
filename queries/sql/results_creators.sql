-- One more column of a result.
-- Leans on results_source.
     , r.creators
