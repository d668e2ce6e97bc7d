-- Returns nothing; from here on everybody sees that this database is half restored.
-- Leans on nothing.
CREATE TABLE restore_unfinished (file text NOT NULL, sha256 text NOT NULL, phase text NOT NULL, begun_at timestamptz NOT NULL)
