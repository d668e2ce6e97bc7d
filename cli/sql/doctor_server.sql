-- One row: the server's version and clock, and the rights of the current role.
-- Leans on nothing.
SELECT current_setting('server_version_num')::integer                       AS version,
       clock_timestamp()                                                    AS clock,
       current_setting('transaction_read_only') = 'on'                      AS read_only,
       current_setting('fsync') = 'on'                                      AS fsync,
       current_setting('synchronous_commit')                                AS synchronous_commit,
       ARRAY(SELECT wanted FROM unnest(ARRAY['tenure_app', 'tenure_auditor', 'tenure_eraser']) AS wanted
              WHERE NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = wanted)) AS missing_roles
