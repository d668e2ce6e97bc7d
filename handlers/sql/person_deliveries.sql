-- Rows: id of unreadable deliveries whose bytes contain one of the texts, in upper or lower case.
-- Leans on nothing: there are few.
SELECT d.id
  FROM unreadable_deliveries d
 WHERE d.body IS NOT NULL
   AND EXISTS (SELECT FROM unnest(%(texts)s::text[]) AS t
                WHERE strpos(lower(encode(d.body, 'escape')), lower(encode(convert_to(t, 'UTF8'), 'escape'))) > 0)
 ORDER BY d.id
