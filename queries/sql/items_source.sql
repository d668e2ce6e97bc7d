-- Source of a search for items of lists.
-- Leans on the conditions after it.
  FROM list_items i
