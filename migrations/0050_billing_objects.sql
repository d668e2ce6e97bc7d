-- Why: the money tables show each Stripe object as its last event in canonical order does. These tables are behind them: how
-- far each object is folded, so that an event in order costs the same however many came before; which events are about an
-- object, so that a late one folds that object alone; and the objects that can't be read or stored.
CREATE TABLE billing_objects (
    kind       text    NOT NULL,
    id         text    NOT NULL,
    account    text    NOT NULL,
    livemode   boolean NOT NULL,
    row_id     text,
    state      json,
    is_refused boolean NOT NULL DEFAULT false,
    PRIMARY KEY (kind, id, account, livemode)
);
CREATE INDEX billing_objects_row ON billing_objects (row_id) WHERE row_id IS NOT NULL;
COMMENT ON TABLE billing_objects IS 'The fold of each Stripe object that feeds a money table.';
COMMENT ON COLUMN billing_objects.kind IS 'Stripe''s word for the object.';
COMMENT ON COLUMN billing_objects.id IS 'The provider''s id.';
COMMENT ON COLUMN billing_objects.account IS 'The connected account of its events; empty for the platform''s own.';
COMMENT ON COLUMN billing_objects.livemode IS 'False for an object of the provider''s test mode.';
COMMENT ON COLUMN billing_objects.row_id IS 'The row that it makes up together with other objects; null where it is a row by itself.';
COMMENT ON COLUMN billing_objects.state IS 'The fold. Null only inside the transaction that makes the row, to be locked.';
COMMENT ON COLUMN billing_objects.is_refused IS 'Whether PostgreSQL refused the row that it decides.';

CREATE TABLE billing_object_events (
    part     smallint    NOT NULL,
    position bigint      NOT NULL,
    at       timestamptz NOT NULL,
    kind     text        NOT NULL,
    id       text        NOT NULL,
    account  text        NOT NULL,
    livemode boolean     NOT NULL,
    PRIMARY KEY (part, position)
);
CREATE INDEX billing_object_events_object ON billing_object_events (id, kind, at);
COMMENT ON TABLE billing_object_events IS 'Which events of the log show which Stripe object; without events whose payload was erased.';
COMMENT ON COLUMN billing_object_events.part IS 'The event''s part of the log.';
COMMENT ON COLUMN billing_object_events.position IS 'The event''s position in its part.';
COMMENT ON COLUMN billing_object_events.at IS 'When the event occurred.';
COMMENT ON COLUMN billing_object_events.kind IS 'Stripe''s word for the object.';
COMMENT ON COLUMN billing_object_events.id IS 'The object''s id at the provider.';
COMMENT ON COLUMN billing_object_events.account IS 'The connected account; empty for the platform''s own.';
COMMENT ON COLUMN billing_object_events.livemode IS 'False for an object of the provider''s test mode.';

CREATE TABLE billing_quarantine (
    kind        text        NOT NULL,
    id          text        NOT NULL,
    account     text        NOT NULL,
    livemode    boolean     NOT NULL,
    part        smallint    NOT NULL,
    position    bigint      NOT NULL,
    event_id    uuid        NOT NULL,
    event_type  text        NOT NULL,
    occurred_at timestamptz NOT NULL,
    field       text        NOT NULL,
    reason      text        NOT NULL,
    PRIMARY KEY (kind, id, account, livemode)
);
COMMENT ON TABLE billing_quarantine IS 'Stripe objects whose last event can''t be read, or whose row PostgreSQL refuses; their users are not affected.';
COMMENT ON COLUMN billing_quarantine.kind IS 'Stripe''s word for the object.';
COMMENT ON COLUMN billing_quarantine.id IS 'The object''s id at the provider.';
COMMENT ON COLUMN billing_quarantine.account IS 'The connected account; empty for the platform''s own.';
COMMENT ON COLUMN billing_quarantine.livemode IS 'False for an object of the provider''s test mode.';
COMMENT ON COLUMN billing_quarantine.part IS 'The part of the event at fault.';
COMMENT ON COLUMN billing_quarantine.position IS 'The position of the event at fault.';
COMMENT ON COLUMN billing_quarantine.event_id IS 'The event at fault.';
COMMENT ON COLUMN billing_quarantine.event_type IS 'Its type.';
COMMENT ON COLUMN billing_quarantine.occurred_at IS 'When it occurred.';
COMMENT ON COLUMN billing_quarantine.field IS 'The field that can''t be read; (row) where the row was refused.';
COMMENT ON COLUMN billing_quarantine.reason IS 'Why, without a value.';

DO $$
DECLARE
    projected text;
BEGIN
    FOREACH projected IN ARRAY ARRAY['billing_objects', 'billing_object_events', 'billing_quarantine'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', projected);
        EXECUTE format('CREATE POLICY %I ON %I TO tenure_app USING (true) WITH CHECK (true)', projected || '_app', projected);
        EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO tenure_auditor USING (true)', projected || '_auditor', projected);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO tenure_app', projected);
        EXECUTE format('GRANT SELECT ON %I TO tenure_auditor', projected);
    END LOOP;
END
$$;
