-- No rows; users whose history can be folded again.
-- Leans on the primary key of quarantine.
DELETE FROM quarantine WHERE user_id = ANY (%(users)s::text[])
