-- Why: what the log says of each user, in the five tables the platform reads. Only projectors write
-- them; every value comes from events, ids included, so a rebuild gives the same bytes.
CREATE TABLE users (
    id                uuid        PRIMARY KEY,
    user_id           text        NOT NULL,
    email             text,
    full_name         text,
    business_name     text,
    brand_description text,
    industry          text,
    onboarding_step   text        NOT NULL,
    is_admin          boolean     NOT NULL,
    deleted_at        timestamptz,
    created_at        timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL,
    CONSTRAINT users_user_id UNIQUE (user_id)
);
CREATE INDEX users_email ON users (lower(email));

CREATE TABLE user_subscriptions (
    id                        uuid        PRIMARY KEY,
    user_id                   uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    current_plan              text        NOT NULL,
    intended_plan             text,
    subscription_status       text        NOT NULL,
    trial_status              text        NOT NULL,
    trial_start_date          timestamptz,
    trial_end_date            timestamptz,
    trial_conversion_date     timestamptz,
    subscription_cancel_date  timestamptz,
    subscription_renewal_date timestamptz,
    billing_sync_status       text        NOT NULL,
    created_at                timestamptz NOT NULL,
    updated_at                timestamptz NOT NULL,
    CONSTRAINT user_subscriptions_user UNIQUE (user_id)
);
CREATE INDEX user_subscriptions_status ON user_subscriptions (subscription_status, user_id);
CREATE INDEX user_subscriptions_trial ON user_subscriptions (trial_status, trial_end_date);

CREATE TABLE user_billing (
    id                          uuid        PRIMARY KEY,
    user_id                     uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    stripe_customer_id          text,
    stripe_subscription_id      text,
    payment_method_id           text,
    card_last4                  text,
    card_brand                  text,
    card_exp_month              integer,
    card_exp_year               integer,
    billing_address_city        text,
    billing_address_country     text,
    billing_address_postal_code text,
    created_at                  timestamptz NOT NULL,
    updated_at                  timestamptz NOT NULL,
    CONSTRAINT user_billing_user UNIQUE (user_id),
    -- Deferred: one batch may move a customer from one user to another.
    CONSTRAINT user_billing_customer UNIQUE (stripe_customer_id) DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE user_usage (
    id                          uuid        PRIMARY KEY,
    user_id                     uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    plan_campaigns_limit        integer     NOT NULL,
    plan_creators_limit         integer     NOT NULL,
    plan_features               jsonb       NOT NULL,
    usage_campaigns_current     bigint      NOT NULL,
    usage_creators_current_month bigint     NOT NULL,
    enrichments_current_month   bigint      NOT NULL,
    usage_reset_date            timestamptz NOT NULL,
    created_at                  timestamptz NOT NULL,
    updated_at                  timestamptz NOT NULL,
    CONSTRAINT user_usage_user UNIQUE (user_id)
);
CREATE INDEX user_usage_reset ON user_usage (usage_reset_date);

CREATE TABLE user_system_data (
    id                     uuid        PRIMARY KEY,
    user_id                uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    signup_timestamp       timestamptz,
    email_schedule_status  jsonb       NOT NULL,
    last_webhook_event     text,
    last_webhook_timestamp timestamptz,
    created_at             timestamptz NOT NULL,
    updated_at             timestamptz NOT NULL,
    CONSTRAINT user_system_data_user UNIQUE (user_id)
);

CREATE TABLE subscription_plans (
    id                      uuid        PRIMARY KEY,
    plan_key                text        NOT NULL,
    plan_name               text        NOT NULL,
    campaigns_limit         integer     NOT NULL,
    creators_limit          integer     NOT NULL,
    features                jsonb       NOT NULL,
    price_monthly           bigint      NOT NULL,
    price_yearly            bigint      NOT NULL,
    currency                text        NOT NULL,
    stripe_price_id_monthly text,
    stripe_price_id_yearly  text,
    is_active               boolean     NOT NULL,
    display_order           integer     NOT NULL,
    created_at              timestamptz NOT NULL,
    updated_at              timestamptz NOT NULL,
    CONSTRAINT subscription_plans_key UNIQUE (plan_key)
);
COMMENT ON COLUMN subscription_plans.price_monthly IS 'Minor units of currency.';
COMMENT ON COLUMN subscription_plans.price_yearly IS 'Minor units of currency.';
COMMENT ON COLUMN subscription_plans.campaigns_limit IS '-1 is unlimited.';
COMMENT ON COLUMN subscription_plans.creators_limit IS '-1 is unlimited.';

-- Whose a Stripe customer is. One row for each customer ever heard of, linked or not: the row is
-- also what two projectors lock so that a link and an event of its customer never pass each other.
CREATE TABLE customer_links (
    customer_id text        PRIMARY KEY,
    user_id     text,
    claims      jsonb       NOT NULL,
    claimed_by  text[]      NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL
);
CREATE INDEX customer_links_user ON customer_links (user_id);
CREATE INDEX customer_links_claimed ON customer_links USING gin (claimed_by);
COMMENT ON COLUMN customer_links.claims IS 'Per claimed user: the strongest fact for and against the link.';
COMMENT ON COLUMN customer_links.claimed_by IS 'Every user ever named, in id order: where time travel looks.';

DO $$
DECLARE
    projected text;
BEGIN
    FOREACH projected IN ARRAY ARRAY['users', 'user_subscriptions', 'user_billing', 'user_usage',
                                     'user_system_data', 'subscription_plans', 'customer_links'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', projected);
        EXECUTE format('CREATE POLICY %I ON %I TO tenure_app USING (true) WITH CHECK (true)', projected || '_app', projected);
        EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO tenure_auditor USING (true)', projected || '_auditor', projected);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO tenure_app', projected);
        EXECUTE format('GRANT SELECT ON %I TO tenure_auditor', projected);
    END LOOP;
END
$$;
