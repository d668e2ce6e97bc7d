-- Why: a price could be looked up at Stripe alone. Products and prices get a row each, decided by the log.
CREATE TABLE products (
    id               text NOT NULL,
    account          text NOT NULL,
    livemode         boolean NOT NULL,
    name             text,
    description      text,
    active           boolean,
    type             text,
    unit_label       text,
    default_price_id text,
    tax_code         text,
    metadata         jsonb,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    deleted_at       timestamptz,
    event_id         uuid NOT NULL,
    PRIMARY KEY (id, account, livemode)
);
CREATE INDEX products_created ON products (created_at, id);
COMMENT ON TABLE products IS 'What the shop sells, each product as its last event shows it.';
COMMENT ON COLUMN products.id IS 'The provider''s id.';
COMMENT ON COLUMN products.account IS 'The connected account of its events; empty for the platform''s own.';
COMMENT ON COLUMN products.livemode IS 'False for an object of the provider''s test mode.';
COMMENT ON COLUMN products.name IS 'Read from name.';
COMMENT ON COLUMN products.description IS 'Read from description.';
COMMENT ON COLUMN products.active IS 'Read from active.';
COMMENT ON COLUMN products.type IS 'Read from type.';
COMMENT ON COLUMN products.unit_label IS 'Read from unit_label.';
COMMENT ON COLUMN products.default_price_id IS 'Read from default_price.';
COMMENT ON COLUMN products.tax_code IS 'Read from tax_code.';
COMMENT ON COLUMN products.metadata IS 'Read from metadata.';
COMMENT ON COLUMN products.created_at IS 'The provider''s created, else the instant of the deciding event.';
COMMENT ON COLUMN products.updated_at IS 'When the event occurred that decided the row last.';
COMMENT ON COLUMN products.deleted_at IS 'When the event occurred that deleted the object at the provider.';
COMMENT ON COLUMN products.event_id IS 'The event that decided the row last.';

CREATE TABLE prices (
    id                  text NOT NULL,
    account             text NOT NULL,
    livemode            boolean NOT NULL,
    product_id          text,
    currency            text,
    unit_amount         bigint,
    unit_amount_decimal numeric,
    active              boolean,
    type                text,
    billing_scheme      text,
    interval            text,
    interval_count      bigint,
    usage_type          text,
    meter               text,
    lookup_key          text,
    nickname            text,
    tax_behavior        text,
    tiers_mode          text,
    tiers               jsonb,
    transform_quantity  jsonb,
    custom_unit_amount  jsonb,
    metadata            jsonb,
    created_at          timestamptz NOT NULL,
    updated_at          timestamptz NOT NULL,
    deleted_at          timestamptz,
    event_id            uuid NOT NULL,
    PRIMARY KEY (id, account, livemode)
);
CREATE INDEX prices_created ON prices (created_at, id);
COMMENT ON TABLE prices IS 'What products cost; a plan of older API versions is the row of the price with its id.';
COMMENT ON COLUMN prices.id IS 'The provider''s id.';
COMMENT ON COLUMN prices.account IS 'The connected account of its events; empty for the platform''s own.';
COMMENT ON COLUMN prices.livemode IS 'False for an object of the provider''s test mode.';
COMMENT ON COLUMN prices.product_id IS 'Read from product.';
COMMENT ON COLUMN prices.currency IS 'Read from currency.';
COMMENT ON COLUMN prices.unit_amount IS 'Read from unit_amount, else amount.';
COMMENT ON COLUMN prices.unit_amount_decimal IS 'Read from unit_amount_decimal, else amount_decimal.';
COMMENT ON COLUMN prices.active IS 'Read from active.';
COMMENT ON COLUMN prices.type IS 'Read from type.';
COMMENT ON COLUMN prices.billing_scheme IS 'Read from billing_scheme.';
COMMENT ON COLUMN prices.interval IS 'Read from recurring.interval, else interval.';
COMMENT ON COLUMN prices.interval_count IS 'Read from recurring.interval_count, else interval_count.';
COMMENT ON COLUMN prices.usage_type IS 'Read from recurring.usage_type, else usage_type.';
COMMENT ON COLUMN prices.meter IS 'Read from recurring.meter, else meter.';
COMMENT ON COLUMN prices.lookup_key IS 'Read from lookup_key.';
COMMENT ON COLUMN prices.nickname IS 'Read from nickname.';
COMMENT ON COLUMN prices.tax_behavior IS 'Read from tax_behavior.';
COMMENT ON COLUMN prices.tiers_mode IS 'Read from tiers_mode.';
COMMENT ON COLUMN prices.tiers IS 'Read from tiers.';
COMMENT ON COLUMN prices.transform_quantity IS 'Read from transform_quantity, else transform_usage.';
COMMENT ON COLUMN prices.custom_unit_amount IS 'Read from custom_unit_amount.';
COMMENT ON COLUMN prices.metadata IS 'Read from metadata.';
COMMENT ON COLUMN prices.created_at IS 'The provider''s created, else the instant of the deciding event.';
COMMENT ON COLUMN prices.updated_at IS 'When the event occurred that decided the row last.';
COMMENT ON COLUMN prices.deleted_at IS 'When the event occurred that deleted the object at the provider.';
COMMENT ON COLUMN prices.event_id IS 'The event that decided the row last.';

DO $$
DECLARE
    projected text;
BEGIN
    FOREACH projected IN ARRAY ARRAY['products', 'prices'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', projected);
        EXECUTE format('CREATE POLICY %I ON %I TO tenure_app USING (true) WITH CHECK (true)', projected || '_app', projected);
        EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO tenure_auditor USING (true)', projected || '_auditor', projected);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO tenure_app', projected);
        EXECUTE format('GRANT SELECT ON %I TO tenure_auditor', projected);
    END LOOP;
END
$$;
