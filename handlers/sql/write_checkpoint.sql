-- No rows; one signed checkpoint.
-- Leans on the primary key of log_checkpoints: a number is given once.
INSERT INTO log_checkpoints (number, signed_at, size, root, note, verifiers)
VALUES (%(number)s, %(signed_at)s, %(size)s, %(root)s, %(note)s, %(verifiers)s)
