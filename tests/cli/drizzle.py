"""The platform's old database as Drizzle makes it: varchar(n), timestamps without a zone, uuid keys."""

OLD_TABLES = """
CREATE TABLE users (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL, user_id text NOT NULL UNIQUE, email text,
    full_name text, business_name text, brand_description text, industry text,
    onboarding_step varchar(50) DEFAULT 'pending' NOT NULL, is_admin boolean DEFAULT false,
    created_at timestamp DEFAULT now() NOT NULL, updated_at timestamp DEFAULT now() NOT NULL);
CREATE TABLE user_subscriptions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE, current_plan varchar(50),
    intended_plan varchar(50), subscription_status varchar(20), trial_status varchar(20),
    trial_start_date timestamp, trial_end_date timestamp, trial_conversion_date timestamp,
    subscription_cancel_date timestamp, subscription_renewal_date timestamp,
    billing_sync_status varchar(20), created_at timestamp DEFAULT now() NOT NULL,
    updated_at timestamp DEFAULT now() NOT NULL);
CREATE TABLE user_billing (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE, stripe_customer_id text UNIQUE,
    stripe_subscription_id text, payment_method_id text, card_last4 varchar(4), card_brand varchar(20),
    card_exp_month integer, card_exp_year integer, billing_address_city text,
    billing_address_country varchar(2), billing_address_postal_code varchar(20),
    created_at timestamp DEFAULT now() NOT NULL, updated_at timestamp DEFAULT now() NOT NULL);
CREATE TABLE user_usage (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE, plan_campaigns_limit integer,
    plan_creators_limit integer, plan_features jsonb, usage_campaigns_current integer DEFAULT 0,
    usage_creators_current_month integer DEFAULT 0, enrichments_current_month integer DEFAULT 0,
    usage_reset_date timestamp, created_at timestamp DEFAULT now() NOT NULL,
    updated_at timestamp DEFAULT now() NOT NULL);
CREATE TABLE user_system_data (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE, signup_timestamp timestamp,
    email_schedule_status jsonb, last_webhook_event varchar(100), last_webhook_timestamp timestamp,
    created_at timestamp DEFAULT now() NOT NULL, updated_at timestamp DEFAULT now() NOT NULL);
CREATE TABLE campaigns (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL, user_id text NOT NULL, name text NOT NULL,
    description text, search_type varchar(20), status varchar(20) DEFAULT 'draft' NOT NULL,
    created_at timestamp DEFAULT now() NOT NULL, updated_at timestamp DEFAULT now() NOT NULL);
"""

OLD_ROWS = """
INSERT INTO users (id, user_id, email, full_name, business_name, onboarding_step, is_admin, created_at, updated_at)
VALUES ('00000000-0000-0000-0000-000000000001', 'user_ada', 'ada@example.com', 'Ada Lee', 'Ada''s', 'completed', true,
        '2025-03-01 10:00:00', '2025-06-01 10:00:00'),
       ('00000000-0000-0000-0000-000000000002', 'user_bob', 'bob@example.com', NULL, '', 'step-1', false,
        '2025-04-01 10:00:00', '2025-04-02 10:00:00'),
       ('00000000-0000-0000-0000-000000000003', 'not-a-clerk-id', 'eve@example.com', NULL, NULL, 'pending', false,
        '2025-04-01 10:00:00', '2025-04-02 10:00:00');
INSERT INTO user_subscriptions (user_id, current_plan, subscription_status, trial_status, trial_end_date, updated_at)
VALUES ('00000000-0000-0000-0000-000000000001', 'glow_up', 'active', 'converted', '2025-03-15 10:00:00', '2025-07-01 12:30:00.5'),
       ('00000000-0000-0000-0000-000000000002', 'free', 'none', 'pending', NULL, '2025-04-01 10:00:00');
INSERT INTO user_billing (user_id, stripe_customer_id, stripe_subscription_id, card_last4, updated_at)
VALUES ('00000000-0000-0000-0000-000000000001', 'cus_ada', 'sub_ada', '4242', '2025-05-01 10:00:00');
INSERT INTO user_usage (user_id, usage_creators_current_month, updated_at)
VALUES ('00000000-0000-0000-0000-000000000001', 12, '2025-05-01 10:00:00');
"""  # noqa: E501

PROFILES = """
CREATE TABLE user_profiles (
    id serial PRIMARY KEY, "userId" text, "fullName" text, email text, "currentPlan" text,
    "trialStatus" text, "trialEndDate" timestamp, "stripeCustomerId" text, "cardExpMonth" integer,
    "favouriteColour" text, "createdAt" timestamp, "updatedAt" timestamp);
INSERT INTO user_profiles ("userId", "fullName", email, "currentPlan", "trialStatus", "trialEndDate",
                           "stripeCustomerId", "cardExpMonth", "favouriteColour", "createdAt", "updatedAt")
VALUES ('user_ada', 'Ada Lee', 'ada@example.com', 'viral_surge', 'active', '2099-01-01', 'cus_one', 4, 'red',
        '2025-03-01 10:00:00', NULL),
       ('user_bob', NULL, 'bob@example.com', NULL, NULL, NULL, 'cus_one', -4, NULL, '2025-03-02', NULL);
"""
