-- Rows, oldest first: reads of some subjects' data in a window.
-- Leans on access_log_subject.
SELECT read_at, reader, role, subject_id, fields, reason, request_id
  FROM access_log
 WHERE subject_id = ANY (%(subjects)s::text[])
   AND read_at >= coalesce(%(since)s::timestamptz, '-infinity')
   AND read_at < coalesce(%(until)s::timestamptz, 'infinity')
 ORDER BY read_at, id
