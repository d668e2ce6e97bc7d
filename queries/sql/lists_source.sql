-- Source of a search for lists.
-- Leans on the conditions after it.
  FROM creator_lists l
