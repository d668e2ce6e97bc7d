-- One row: whether this login has the role from its beginning, in whichever session it lands.
-- Leans on pg_db_role_setting by login; session_user is the login also behind a pooler.
SELECT session_user = %(role)s
    OR EXISTS (SELECT FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole
                WHERE r.rolname = session_user
                  AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
                  AND 'role=' || %(role)s = ANY (s.setconfig)) AS brings
