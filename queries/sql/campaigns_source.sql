-- Source of a search for campaigns.
-- Leans on the conditions after it.
  FROM campaigns c
