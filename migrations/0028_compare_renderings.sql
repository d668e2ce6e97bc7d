-- Why: Stripe renders one event in each endpoint's API version, and an upgrade runs two endpoints for a while. The
-- second rendering was called a conflict and raised an alarm, though it is the same event. And a body that jsonb
-- can't hold was compared to the byte, so a changed count of pending webhooks made its second delivery a conflict.
--
-- Two bodies are one event if they are equal but for `pending_webhooks` and white space, or if they name different
-- API versions and agree in what no version changes: id, type, time, mode, account and the object's id.
CREATE OR REPLACE FUNCTION same_event_body(held json, offered json) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE SET search_path = public, pg_temp AS $$
DECLARE
    pending constant text := '"pending_webhooks"\s*:\s*\d+';
    old     jsonb;
    new     jsonb;
BEGIN
    IF held::text = offered::text THEN
        RETURN true;
    END IF;
    -- Only ids are compared here, and jsonb can't hold a NUL elsewhere in the body.
    old := replace(held::text, '\u0000', '\ufffd');
    new := replace(offered::text, '\u0000', '\ufffd');
    IF old ->> 'api_version' <> new ->> 'api_version'
       AND ARRAY[old -> 'id', old -> 'type', old -> 'created', old -> 'livemode', old -> 'account', old #> '{data,object,id}']
           IS NOT DISTINCT FROM
           ARRAY[new -> 'id', new -> 'type', new -> 'created', new -> 'livemode', new -> 'account', new #> '{data,object,id}'] THEN
        RETURN true;
    END IF;
    RETURN (held::jsonb - 'pending_webhooks') = (offered::jsonb - 'pending_webhooks');
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
    RETURN regexp_replace(held::text, pending, '') = regexp_replace(offered::text, pending, '');
END
$$;
