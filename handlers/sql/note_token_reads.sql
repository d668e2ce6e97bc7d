-- No row. Adds one row to the access log for each subject.
-- Leans on the primary key of access_log.
INSERT INTO access_log (id, token_id, reader, role, subject_id, fields, reason, request_id)
SELECT noted.id, %(token_id)s::uuid, %(reader)s::text, %(role)s::text, noted.subject_id,
       %(fields)s::text[], %(reason)s::text, %(request_id)s::text
  FROM unnest(%(ids)s::uuid[], %(subjects)s::text[]) AS noted (id, subject_id)
