CREATE OR REPLACE FUNCTION refuse_unless_erasure() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_user = 'tenure_eraser'
       AND NEW.event_data IS NULL AND NEW.payload_salt IS NULL
       AND (to_jsonb(NEW) - '{event_data,payload_salt}'::text[])
         = (to_jsonb(OLD) - '{event_data,payload_salt}'::text[]) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'refused: % is append-only, so % is not possible', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'insufficient_privilege',
              HINT = 'Append a correcting event; to erase a person use: tenure privacy erase USER --reason …';
END
$$;
