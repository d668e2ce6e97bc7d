-- No rows; the present links.
-- Leans on the primary key of customer_links.
UPDATE customer_links AS l
   SET user_id = v.user_id, claims = v.claims, claimed_by = v.claimed_by, owner_left = v.owner_left,
       created_at = v.created_at, updated_at = v.updated_at
  FROM json_populate_recordset(NULL::customer_links, %(rows)s::json) AS v
 WHERE l.customer_id = v.customer_id
