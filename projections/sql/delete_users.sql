-- No rows; removes users without events (their only customer now has another owner).
-- Leans on users_user_id; the other tables follow by cascade. Their digests are subtracted from the sum.
WITH gone AS (DELETE FROM users WHERE user_id = ANY (%(users)s::text[])),
     healed AS (DELETE FROM quarantine WHERE user_id = ANY (%(users)s::text[])),
     kept AS (DELETE FROM fold_snapshots WHERE user_id = ANY (%(users)s::text[])),
     moved AS (
    UPDATE projection_digests AS d
       SET digest = mod(mod(d.digest - coalesce((
               SELECT sum(digest_number(s.row_digest)) FROM projection_states s WHERE s.user_id = ANY (%(users)s::text[])), 0),
               115792089237316195423570985008687907853269984665640564039457584007913129639936) + 115792089237316195423570985008687907853269984665640564039457584007913129639936, 115792089237316195423570985008687907853269984665640564039457584007913129639936)
     WHERE d.slot = coalesce((SELECT slot FROM projection_digests WHERE slot > 0 LIMIT 1 FOR UPDATE SKIP LOCKED), 1))
DELETE FROM projection_states WHERE user_id = ANY (%(users)s::text[])
