-- No row. Adds a signing secret.
-- Leans on the primary key of outgoing_secrets.
INSERT INTO outgoing_secrets (id, endpoint_id, secret, created_at) VALUES (%(id)s, %(endpoint_id)s, %(secret)s, %(now)s)
