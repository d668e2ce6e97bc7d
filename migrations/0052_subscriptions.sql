-- Why: one row per user shows one subscription. Items, quantities and discounts were not read at all; customers with
-- several subscriptions had no place to show them.
CREATE TABLE customers (
    id                        text NOT NULL,
    account                   text NOT NULL,
    livemode                  boolean NOT NULL,
    customer_id               text,
    currency                  text,
    balance                   bigint,
    delinquent                boolean,
    email                     text,
    name                      text,
    description               text,
    country                   text,
    tax_exempt                text,
    default_payment_method_id text,
    default_source_id         text,
    metadata                  jsonb,
    user_id                   text,
    created_at                timestamptz NOT NULL,
    updated_at                timestamptz NOT NULL,
    deleted_at                timestamptz,
    event_id                  uuid NOT NULL,
    PRIMARY KEY (id, account, livemode)
);
CREATE INDEX customers_created ON customers (created_at, id);
CREATE INDEX customers_customer ON customers (customer_id, created_at, id);
COMMENT ON TABLE customers IS 'Stripe''s customers, each as its last event shows it.';
COMMENT ON COLUMN customers.id IS 'The provider''s id.';
COMMENT ON COLUMN customers.account IS 'The connected account of its events; empty for the platform''s own.';
COMMENT ON COLUMN customers.livemode IS 'False for an object of the provider''s test mode.';
COMMENT ON COLUMN customers.customer_id IS 'The customer, as in customer_links. Read from id.';
COMMENT ON COLUMN customers.currency IS 'Read from currency.';
COMMENT ON COLUMN customers.balance IS 'Read from balance, else account_balance.';
COMMENT ON COLUMN customers.delinquent IS 'Read from delinquent.';
COMMENT ON COLUMN customers.email IS 'Read from email.';
COMMENT ON COLUMN customers.name IS 'Read from name.';
COMMENT ON COLUMN customers.description IS 'Read from description.';
COMMENT ON COLUMN customers.country IS 'Read from address.country.';
COMMENT ON COLUMN customers.tax_exempt IS 'Read from tax_exempt.';
COMMENT ON COLUMN customers.default_payment_method_id IS 'Read from invoice_settings.default_payment_method.';
COMMENT ON COLUMN customers.default_source_id IS 'Read from default_source.';
COMMENT ON COLUMN customers.metadata IS 'Read from metadata.';
COMMENT ON COLUMN customers.user_id IS 'The user who owns the customer now; null while it is unlinked.';
COMMENT ON COLUMN customers.created_at IS 'The provider''s created, else the instant of the deciding event.';
COMMENT ON COLUMN customers.updated_at IS 'When the event occurred that decided the row last.';
COMMENT ON COLUMN customers.deleted_at IS 'When the event occurred that deleted the object at the provider.';
COMMENT ON COLUMN customers.event_id IS 'The event that decided the row last.';

CREATE TABLE subscriptions (
    id                        text NOT NULL,
    account                   text NOT NULL,
    livemode                  boolean NOT NULL,
    customer_id               text,
    currency                  text,
    status                    text,
    collection_method         text,
    current_period_start      timestamptz,
    current_period_end        timestamptz,
    start_date                timestamptz,
    billing_cycle_anchor      timestamptz,
    trial_start               timestamptz,
    trial_end                 timestamptz,
    cancel_at                 timestamptz,
    cancel_at_period_end      boolean,
    canceled_at               timestamptz,
    ended_at                  timestamptz,
    cancellation_reason       text,
    pause_collection          jsonb,
    latest_invoice_id         text,
    default_payment_method_id text,
    schedule_id               text,
    items_count               bigint,
    has_more_items            boolean,
    metadata                  jsonb,
    user_id                   text,
    created_at                timestamptz NOT NULL,
    updated_at                timestamptz NOT NULL,
    deleted_at                timestamptz,
    event_id                  uuid NOT NULL,
    PRIMARY KEY (id, account, livemode)
);
CREATE INDEX subscriptions_created ON subscriptions (created_at, id);
CREATE INDEX subscriptions_customer ON subscriptions (customer_id, created_at, id);
COMMENT ON TABLE subscriptions IS 'Every subscription, as its last event shows it; user_subscriptions has the one that decides a user''s plan.';
COMMENT ON COLUMN subscriptions.id IS 'The provider''s id.';
COMMENT ON COLUMN subscriptions.account IS 'The connected account of its events; empty for the platform''s own.';
COMMENT ON COLUMN subscriptions.livemode IS 'False for an object of the provider''s test mode.';
COMMENT ON COLUMN subscriptions.customer_id IS 'The customer, as in customer_links. Read from customer.';
COMMENT ON COLUMN subscriptions.currency IS 'Read from currency, else items.data.0.price.currency, else plan.currency.';
COMMENT ON COLUMN subscriptions.status IS 'Read from status.';
COMMENT ON COLUMN subscriptions.collection_method IS 'Read from collection_method, else billing.';
COMMENT ON COLUMN subscriptions.current_period_start IS 'Read from current_period_start, else items.data.*.current_period_start.';
COMMENT ON COLUMN subscriptions.current_period_end IS 'Read from current_period_end, else items.data.*.current_period_end.';
COMMENT ON COLUMN subscriptions.start_date IS 'Read from start_date, else start.';
COMMENT ON COLUMN subscriptions.billing_cycle_anchor IS 'Read from billing_cycle_anchor.';
COMMENT ON COLUMN subscriptions.trial_start IS 'Read from trial_start.';
COMMENT ON COLUMN subscriptions.trial_end IS 'Read from trial_end.';
COMMENT ON COLUMN subscriptions.cancel_at IS 'Read from cancel_at.';
COMMENT ON COLUMN subscriptions.cancel_at_period_end IS 'Read from cancel_at_period_end.';
COMMENT ON COLUMN subscriptions.canceled_at IS 'Read from canceled_at.';
COMMENT ON COLUMN subscriptions.ended_at IS 'Read from ended_at.';
COMMENT ON COLUMN subscriptions.cancellation_reason IS 'Read from cancellation_details.reason.';
COMMENT ON COLUMN subscriptions.pause_collection IS 'Read from pause_collection.';
COMMENT ON COLUMN subscriptions.latest_invoice_id IS 'Read from latest_invoice.';
COMMENT ON COLUMN subscriptions.default_payment_method_id IS 'Read from default_payment_method, else default_source.';
COMMENT ON COLUMN subscriptions.schedule_id IS 'Read from schedule.';
COMMENT ON COLUMN subscriptions.items_count IS 'Read from items.total_count.';
COMMENT ON COLUMN subscriptions.has_more_items IS 'Read from items.has_more.';
COMMENT ON COLUMN subscriptions.metadata IS 'Read from metadata.';
COMMENT ON COLUMN subscriptions.user_id IS 'The user who owns the customer now; null while it is unlinked.';
COMMENT ON COLUMN subscriptions.created_at IS 'The provider''s created, else the instant of the deciding event.';
COMMENT ON COLUMN subscriptions.updated_at IS 'When the event occurred that decided the row last.';
COMMENT ON COLUMN subscriptions.deleted_at IS 'When the event occurred that deleted the object at the provider.';
COMMENT ON COLUMN subscriptions.event_id IS 'The event that decided the row last.';

CREATE TABLE subscription_items (
    subscription_id      text NOT NULL,
    id                   text NOT NULL,
    account              text NOT NULL,
    livemode             boolean NOT NULL,
    customer_id          text,
    price_id             text,
    product_id           text,
    currency             text,
    quantity             bigint,
    unit_amount          bigint,
    unit_amount_decimal  numeric,
    interval             text,
    interval_count       bigint,
    usage_type           text,
    billing_scheme       text,
    tiers_mode           text,
    tiers                jsonb,
    transform_quantity   jsonb,
    current_period_start timestamptz,
    current_period_end   timestamptz,
    discounts            jsonb,
    metadata             jsonb,
    user_id              text,
    created_at           timestamptz NOT NULL,
    updated_at           timestamptz NOT NULL,
    deleted_at           timestamptz,
    event_id             uuid NOT NULL,
    PRIMARY KEY (subscription_id, id, account, livemode)
);
CREATE INDEX subscription_items_customer ON subscription_items (customer_id);
COMMENT ON TABLE subscription_items IS 'The items of each subscription, as its last event shows them.';
COMMENT ON COLUMN subscription_items.subscription_id IS 'The id of its row in subscriptions.';
COMMENT ON COLUMN subscription_items.id IS 'The provider''s id.';
COMMENT ON COLUMN subscription_items.account IS 'The connected account of its events; empty for the platform''s own.';
COMMENT ON COLUMN subscription_items.livemode IS 'False for an object of the provider''s test mode.';
COMMENT ON COLUMN subscription_items.customer_id IS 'The customer, as in customer_links. Read from ^customer.';
COMMENT ON COLUMN subscription_items.price_id IS 'Read from price, else plan.';
COMMENT ON COLUMN subscription_items.product_id IS 'Read from price.product, else plan.product.';
COMMENT ON COLUMN subscription_items.currency IS 'Read from price.currency, else plan.currency, else ^currency.';
COMMENT ON COLUMN subscription_items.quantity IS 'Read from quantity.';
COMMENT ON COLUMN subscription_items.unit_amount IS 'Read from price.unit_amount, else plan.amount.';
COMMENT ON COLUMN subscription_items.unit_amount_decimal IS 'Read from price.unit_amount_decimal, else plan.amount_decimal.';
COMMENT ON COLUMN subscription_items.interval IS 'Read from price.recurring.interval, else plan.interval.';
COMMENT ON COLUMN subscription_items.interval_count IS 'Read from price.recurring.interval_count, else plan.interval_count.';
COMMENT ON COLUMN subscription_items.usage_type IS 'Read from price.recurring.usage_type, else plan.usage_type.';
COMMENT ON COLUMN subscription_items.billing_scheme IS 'Read from price.billing_scheme, else plan.billing_scheme.';
COMMENT ON COLUMN subscription_items.tiers_mode IS 'Read from price.tiers_mode, else plan.tiers_mode.';
COMMENT ON COLUMN subscription_items.tiers IS 'Read from price.tiers, else plan.tiers.';
COMMENT ON COLUMN subscription_items.transform_quantity IS 'Read from price.transform_quantity, else plan.transform_usage.';
COMMENT ON COLUMN subscription_items.current_period_start IS 'Read from current_period_start, else ^current_period_start.';
COMMENT ON COLUMN subscription_items.current_period_end IS 'Read from current_period_end, else ^current_period_end.';
COMMENT ON COLUMN subscription_items.discounts IS 'Read from discounts.';
COMMENT ON COLUMN subscription_items.metadata IS 'Read from metadata.';
COMMENT ON COLUMN subscription_items.user_id IS 'The user who owns the customer now; null while it is unlinked.';
COMMENT ON COLUMN subscription_items.created_at IS 'The provider''s created, else the instant of the deciding event.';
COMMENT ON COLUMN subscription_items.updated_at IS 'When the event occurred that decided the row last.';
COMMENT ON COLUMN subscription_items.deleted_at IS 'When the event occurred that deleted the object at the provider.';
COMMENT ON COLUMN subscription_items.event_id IS 'The event that decided the row last.';

CREATE TABLE subscription_discounts (
    subscription_id   text NOT NULL,
    id                text NOT NULL,
    account           text NOT NULL,
    livemode          boolean NOT NULL,
    customer_id       text,
    coupon_id         text,
    promotion_code_id text,
    currency          text,
    amount_off        bigint,
    percent_off       numeric,
    duration          text,
    starts_at         timestamptz,
    ends_at           timestamptz,
    user_id           text,
    created_at        timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL,
    deleted_at        timestamptz,
    event_id          uuid NOT NULL,
    PRIMARY KEY (subscription_id, id, account, livemode)
);
CREATE INDEX subscription_discounts_customer ON subscription_discounts (customer_id);
COMMENT ON TABLE subscription_discounts IS 'The discounts of each subscription, as its last event shows them; an unexpanded one has only its id.';
COMMENT ON COLUMN subscription_discounts.subscription_id IS 'The id of its row in subscriptions.';
COMMENT ON COLUMN subscription_discounts.id IS 'The provider''s id.';
COMMENT ON COLUMN subscription_discounts.account IS 'The connected account of its events; empty for the platform''s own.';
COMMENT ON COLUMN subscription_discounts.livemode IS 'False for an object of the provider''s test mode.';
COMMENT ON COLUMN subscription_discounts.customer_id IS 'The customer, as in customer_links. Read from ^customer.';
COMMENT ON COLUMN subscription_discounts.coupon_id IS 'Read from source.coupon, else coupon.';
COMMENT ON COLUMN subscription_discounts.promotion_code_id IS 'Read from promotion_code.';
COMMENT ON COLUMN subscription_discounts.currency IS 'Read from source.coupon.currency, else coupon.currency, else ^currency.';
COMMENT ON COLUMN subscription_discounts.amount_off IS 'Read from source.coupon.amount_off, else coupon.amount_off.';
COMMENT ON COLUMN subscription_discounts.percent_off IS 'Read from source.coupon.percent_off, else coupon.percent_off.';
COMMENT ON COLUMN subscription_discounts.duration IS 'Read from source.coupon.duration, else coupon.duration.';
COMMENT ON COLUMN subscription_discounts.starts_at IS 'Read from start.';
COMMENT ON COLUMN subscription_discounts.ends_at IS 'Read from end.';
COMMENT ON COLUMN subscription_discounts.user_id IS 'The user who owns the customer now; null while it is unlinked.';
COMMENT ON COLUMN subscription_discounts.created_at IS 'The provider''s created, else the instant of the deciding event.';
COMMENT ON COLUMN subscription_discounts.updated_at IS 'When the event occurred that decided the row last.';
COMMENT ON COLUMN subscription_discounts.deleted_at IS 'When the event occurred that deleted the object at the provider.';
COMMENT ON COLUMN subscription_discounts.event_id IS 'The event that decided the row last.';

DO $$
DECLARE
    projected text;
BEGIN
    FOREACH projected IN ARRAY ARRAY['customers', 'subscriptions', 'subscription_items', 'subscription_discounts'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', projected);
        EXECUTE format('CREATE POLICY %I ON %I TO tenure_app USING (true) WITH CHECK (true)', projected || '_app', projected);
        EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO tenure_auditor USING (true)', projected || '_auditor', projected);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO tenure_app', projected);
        EXECUTE format('GRANT SELECT ON %I TO tenure_auditor', projected);
    END LOOP;
END
$$;
