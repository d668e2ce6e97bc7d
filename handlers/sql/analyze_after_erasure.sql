-- One row: the tables whose statistics were taken before the last erasure was projected and are now taken anew.
-- Leans on events_type.
SELECT analyze_after_erasure() AS analyzed
