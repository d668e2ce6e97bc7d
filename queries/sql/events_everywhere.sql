-- Source of a search: the whole log.
-- Leans on what follows it.
  FROM events e
