-- One more column of a list's item.
-- Leans on items_source.
     , i.creator
