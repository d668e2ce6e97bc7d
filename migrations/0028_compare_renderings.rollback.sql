-- Compare bodies of one key as before 0028: equal but for pending_webhooks and white space.
CREATE OR REPLACE FUNCTION same_event_body(held json, offered json) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE SET search_path = public, pg_temp AS $$
BEGIN
    IF held::text = offered::text THEN
        RETURN true;
    END IF;
    RETURN (held::jsonb - 'pending_webhooks') = (offered::jsonb - 'pending_webhooks');
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
    RETURN false;
END
$$;
