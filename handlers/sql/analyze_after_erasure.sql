-- One row: the tables analyzed before the last erasure was projected, and now analyzed again.
-- Leans on events_type.
SELECT analyze_after_erasure() AS analyzed
