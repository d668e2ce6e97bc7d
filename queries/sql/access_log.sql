-- Rows: reads of personal data, the newest first, starting after the row `after`.
-- Leans on access_log_read_at, or access_log_subject for one subject.
SELECT a.id, a.read_at, a.token_id, a.reader, a.role, a.subject_id, a.fields, a.reason, a.request_id
  FROM access_log a
 WHERE (%(subject)s::text IS NULL OR a.subject_id = %(subject)s::text)
   AND (%(reader)s::text IS NULL OR a.reader = %(reader)s::text)
   AND (%(after)s::uuid IS NULL
        OR (a.read_at, a.id) < (SELECT b.read_at, b.id FROM access_log b WHERE b.id = %(after)s::uuid))
 ORDER BY a.read_at DESC, a.id DESC
 LIMIT %(limit)s::integer
