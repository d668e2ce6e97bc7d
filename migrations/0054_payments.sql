-- Why: what was paid, paid back and disputed had no table: refund and dispute events were stored and never read.
CREATE TABLE payments (
    id                  text NOT NULL,
    account             text NOT NULL,
    livemode            boolean NOT NULL,
    customer_id         text,
    invoice_id          text,
    charge_id           text,
    status              text,
    currency            text,
    amount              bigint,
    amount_received     bigint,
    amount_capturable   bigint,
    amount_refunded     bigint,
    disputed            boolean,
    payment_method_id   text,
    payment_method_type text,
    failure_code        text,
    decline_code        text,
    failure_message     text,
    cancellation_reason text,
    canceled_at         timestamptz,
    description         text,
    metadata            jsonb,
    user_id             text,
    created_at          timestamptz NOT NULL,
    updated_at          timestamptz NOT NULL,
    deleted_at          timestamptz,
    event_id            uuid NOT NULL,
    PRIMARY KEY (id, account, livemode)
);
CREATE INDEX payments_created ON payments (created_at, id);
CREATE INDEX payments_customer ON payments (customer_id, created_at, id);
CREATE INDEX payments_invoice ON payments (invoice_id);
COMMENT ON TABLE payments IS 'One row per PaymentIntent, or per charge without one.';
COMMENT ON COLUMN payments.id IS 'The provider''s id.';
COMMENT ON COLUMN payments.account IS 'The connected account of its events; empty for the platform''s own.';
COMMENT ON COLUMN payments.livemode IS 'False for an object of the provider''s test mode.';
COMMENT ON COLUMN payments.customer_id IS 'The customer, as in customer_links. Read from payment_intent: customer; charge: customer.';
COMMENT ON COLUMN payments.invoice_id IS 'Read from invoice_payment: invoice; payment_intent: invoice; charge: invoice.';
COMMENT ON COLUMN payments.charge_id IS 'Read from payment_intent: latest_charge; charge: id.';
COMMENT ON COLUMN payments.status IS 'Read from payment_intent: status; charge: status.';
COMMENT ON COLUMN payments.currency IS 'Read from payment_intent: currency; charge: currency.';
COMMENT ON COLUMN payments.amount IS 'Read from payment_intent: amount; charge: amount.';
COMMENT ON COLUMN payments.amount_received IS 'Read from payment_intent: amount_received; charge: amount_captured.';
COMMENT ON COLUMN payments.amount_capturable IS 'Read from payment_intent: amount_capturable.';
COMMENT ON COLUMN payments.amount_refunded IS 'Read from charge: amount_refunded.';
COMMENT ON COLUMN payments.disputed IS 'Read from charge: disputed.';
COMMENT ON COLUMN payments.payment_method_id IS 'Read from payment_intent: payment_method; charge: payment_method.';
COMMENT ON COLUMN payments.payment_method_type IS 'Read from charge: payment_method_details.type.';
COMMENT ON COLUMN payments.failure_code IS 'Read from payment_intent: last_payment_error.code; charge: failure_code.';
COMMENT ON COLUMN payments.decline_code IS 'Read from payment_intent: last_payment_error.decline_code; charge: outcome.reason.';
COMMENT ON COLUMN payments.failure_message IS 'Read from payment_intent: last_payment_error.message; charge: failure_message.';
COMMENT ON COLUMN payments.cancellation_reason IS 'Read from payment_intent: cancellation_reason.';
COMMENT ON COLUMN payments.canceled_at IS 'Read from payment_intent: canceled_at.';
COMMENT ON COLUMN payments.description IS 'Read from payment_intent: description; charge: description.';
COMMENT ON COLUMN payments.metadata IS 'Read from payment_intent: metadata; charge: metadata.';
COMMENT ON COLUMN payments.user_id IS 'The user who owns the customer now; null while it is unlinked.';
COMMENT ON COLUMN payments.created_at IS 'The provider''s created, else the instant of the deciding event.';
COMMENT ON COLUMN payments.updated_at IS 'When the event occurred that decided the row last.';
COMMENT ON COLUMN payments.deleted_at IS 'When the event occurred that deleted the object at the provider.';
COMMENT ON COLUMN payments.event_id IS 'The event that decided the row last.';

CREATE TABLE refunds (
    id                text NOT NULL,
    account           text NOT NULL,
    livemode          boolean NOT NULL,
    payment_id        text,
    customer_id       text,
    charge_id         text,
    payment_intent_id text,
    status            text,
    currency          text,
    amount            bigint,
    reason            text,
    failure_reason    text,
    metadata          jsonb,
    user_id           text,
    created_at        timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL,
    deleted_at        timestamptz,
    event_id          uuid NOT NULL,
    PRIMARY KEY (id, account, livemode)
);
CREATE INDEX refunds_created ON refunds (created_at, id);
CREATE INDEX refunds_customer ON refunds (customer_id, created_at, id);
CREATE INDEX refunds_payment ON refunds (payment_id);
CREATE INDEX refunds_charge ON refunds (charge_id);
COMMENT ON TABLE refunds IS 'Every refund, as its last event shows it.';
COMMENT ON COLUMN refunds.id IS 'The provider''s id.';
COMMENT ON COLUMN refunds.account IS 'The connected account of its events; empty for the platform''s own.';
COMMENT ON COLUMN refunds.livemode IS 'False for an object of the provider''s test mode.';
COMMENT ON COLUMN refunds.payment_id IS 'The payment that it is about: the PaymentIntent, or the charge without one.';
COMMENT ON COLUMN refunds.customer_id IS 'The customer of its payment, as in customer_links.';
COMMENT ON COLUMN refunds.charge_id IS 'Read from charge.';
COMMENT ON COLUMN refunds.payment_intent_id IS 'Read from payment_intent.';
COMMENT ON COLUMN refunds.status IS 'Read from status.';
COMMENT ON COLUMN refunds.currency IS 'Read from currency.';
COMMENT ON COLUMN refunds.amount IS 'Read from amount.';
COMMENT ON COLUMN refunds.reason IS 'Read from reason.';
COMMENT ON COLUMN refunds.failure_reason IS 'Read from failure_reason.';
COMMENT ON COLUMN refunds.metadata IS 'Read from metadata.';
COMMENT ON COLUMN refunds.user_id IS 'The user who owns the customer now; null while it is unlinked.';
COMMENT ON COLUMN refunds.created_at IS 'The provider''s created, else the instant of the deciding event.';
COMMENT ON COLUMN refunds.updated_at IS 'When the event occurred that decided the row last.';
COMMENT ON COLUMN refunds.deleted_at IS 'When the event occurred that deleted the object at the provider.';
COMMENT ON COLUMN refunds.event_id IS 'The event that decided the row last.';

CREATE TABLE disputes (
    id                   text NOT NULL,
    account              text NOT NULL,
    livemode             boolean NOT NULL,
    payment_id           text,
    customer_id          text,
    charge_id            text,
    payment_intent_id    text,
    status               text,
    currency             text,
    amount               bigint,
    reason               text,
    evidence_due_by      timestamptz,
    is_charge_refundable boolean,
    metadata             jsonb,
    user_id              text,
    created_at           timestamptz NOT NULL,
    updated_at           timestamptz NOT NULL,
    deleted_at           timestamptz,
    event_id             uuid NOT NULL,
    PRIMARY KEY (id, account, livemode)
);
CREATE INDEX disputes_created ON disputes (created_at, id);
CREATE INDEX disputes_customer ON disputes (customer_id, created_at, id);
CREATE INDEX disputes_payment ON disputes (payment_id);
CREATE INDEX disputes_charge ON disputes (charge_id);
COMMENT ON TABLE disputes IS 'Every dispute, as its last event shows it.';
COMMENT ON COLUMN disputes.id IS 'The provider''s id.';
COMMENT ON COLUMN disputes.account IS 'The connected account of its events; empty for the platform''s own.';
COMMENT ON COLUMN disputes.livemode IS 'False for an object of the provider''s test mode.';
COMMENT ON COLUMN disputes.payment_id IS 'The payment that it is about: the PaymentIntent, or the charge without one.';
COMMENT ON COLUMN disputes.customer_id IS 'The customer of its payment, as in customer_links.';
COMMENT ON COLUMN disputes.charge_id IS 'Read from charge.';
COMMENT ON COLUMN disputes.payment_intent_id IS 'Read from payment_intent.';
COMMENT ON COLUMN disputes.status IS 'Read from status.';
COMMENT ON COLUMN disputes.currency IS 'Read from currency.';
COMMENT ON COLUMN disputes.amount IS 'Read from amount.';
COMMENT ON COLUMN disputes.reason IS 'Read from reason.';
COMMENT ON COLUMN disputes.evidence_due_by IS 'Read from evidence_details.due_by, else evidence_due_by.';
COMMENT ON COLUMN disputes.is_charge_refundable IS 'Read from is_charge_refundable.';
COMMENT ON COLUMN disputes.metadata IS 'Read from metadata.';
COMMENT ON COLUMN disputes.user_id IS 'The user who owns the customer now; null while it is unlinked.';
COMMENT ON COLUMN disputes.created_at IS 'The provider''s created, else the instant of the deciding event.';
COMMENT ON COLUMN disputes.updated_at IS 'When the event occurred that decided the row last.';
COMMENT ON COLUMN disputes.deleted_at IS 'When the event occurred that deleted the object at the provider.';
COMMENT ON COLUMN disputes.event_id IS 'The event that decided the row last.';

DO $$
DECLARE
    projected text;
BEGIN
    FOREACH projected IN ARRAY ARRAY['payments', 'refunds', 'disputes'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', projected);
        EXECUTE format('CREATE POLICY %I ON %I TO tenure_app USING (true) WITH CHECK (true)', projected || '_app', projected);
        EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO tenure_auditor USING (true)', projected || '_auditor', projected);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO tenure_app', projected);
        EXECUTE format('GRANT SELECT ON %I TO tenure_auditor', projected);
    END LOOP;
END
$$;
