-- The roles stay: another database of this server may use them, and they own nothing here.
REVOKE USAGE ON SCHEMA public FROM tenure_app, tenure_auditor, tenure_eraser;
