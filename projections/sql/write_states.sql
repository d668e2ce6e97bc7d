-- No rows; each user's fold, and by how much that moves the sum of all row digests.
-- Leans on the primary keys of projection_states and projection_digests; the users are locked already.
WITH moved AS (
    UPDATE projection_digests AS d
       SET digest = mod(mod(d.digest + %(added)s::numeric - coalesce((
               SELECT sum(digest_number(s.row_digest)) FROM projection_states s WHERE s.user_id = ANY (%(users)s::text[])), 0),
               115792089237316195423570985008687907853269984665640564039457584007913129639936) + 115792089237316195423570985008687907853269984665640564039457584007913129639936, 115792089237316195423570985008687907853269984665640564039457584007913129639936)
     WHERE d.slot = coalesce((SELECT slot FROM projection_digests WHERE slot > 0 LIMIT 1 FOR UPDATE SKIP LOCKED), 1))
UPDATE projection_states AS s
   SET state = v.state, catalog_digest = %(catalog_digest)s, row_digest = v.row_digest
  FROM json_to_recordset(%(states)s::json) AS v (user_id text, state json, row_digest bytea)
 WHERE s.user_id = v.user_id
