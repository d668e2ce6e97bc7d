-- Why: what was billed had no table, so neither open invoices nor credit notes could be listed or summed.
CREATE TABLE invoices (
    id                               text NOT NULL,
    account                          text NOT NULL,
    livemode                         boolean NOT NULL,
    customer_id                      text,
    subscription_id                  text,
    number                           text,
    status                           text,
    billing_reason                   text,
    collection_method                text,
    currency                         text,
    subtotal                         bigint,
    total                            bigint,
    amount_due                       bigint,
    amount_paid                      bigint,
    amount_remaining                 bigint,
    amount_overpaid                  bigint,
    starting_balance                 bigint,
    ending_balance                   bigint,
    pre_payment_credit_notes_amount  bigint,
    post_payment_credit_notes_amount bigint,
    attempt_count                    bigint,
    next_payment_attempt             timestamptz,
    due_date                         timestamptz,
    period_start                     timestamptz,
    period_end                       timestamptz,
    finalized_at                     timestamptz,
    paid_at                          timestamptz,
    voided_at                        timestamptz,
    marked_uncollectible_at          timestamptz,
    description                      text,
    lines_count                      bigint,
    has_more_lines                   boolean,
    metadata                         jsonb,
    user_id                          text,
    created_at                       timestamptz NOT NULL,
    updated_at                       timestamptz NOT NULL,
    deleted_at                       timestamptz,
    event_id                         uuid NOT NULL,
    PRIMARY KEY (id, account, livemode)
);
CREATE INDEX invoices_created ON invoices (created_at, id);
CREATE INDEX invoices_customer ON invoices (customer_id, created_at, id);
CREATE INDEX invoices_subscription ON invoices (subscription_id);
COMMENT ON TABLE invoices IS 'Every invoice, as its last event shows it.';
COMMENT ON COLUMN invoices.id IS 'The provider''s id.';
COMMENT ON COLUMN invoices.account IS 'The connected account of its events; empty for the platform''s own.';
COMMENT ON COLUMN invoices.livemode IS 'False for an object of the provider''s test mode.';
COMMENT ON COLUMN invoices.customer_id IS 'The customer, as in customer_links. Read from customer.';
COMMENT ON COLUMN invoices.subscription_id IS 'Read from parent.subscription_details.subscription, else subscription.';
COMMENT ON COLUMN invoices.number IS 'Read from number.';
COMMENT ON COLUMN invoices.status IS 'Read from status.';
COMMENT ON COLUMN invoices.billing_reason IS 'Read from billing_reason.';
COMMENT ON COLUMN invoices.collection_method IS 'Read from collection_method, else billing.';
COMMENT ON COLUMN invoices.currency IS 'Read from currency.';
COMMENT ON COLUMN invoices.subtotal IS 'Read from subtotal.';
COMMENT ON COLUMN invoices.total IS 'Read from total.';
COMMENT ON COLUMN invoices.amount_due IS 'Read from amount_due.';
COMMENT ON COLUMN invoices.amount_paid IS 'Read from amount_paid.';
COMMENT ON COLUMN invoices.amount_remaining IS 'Read from amount_remaining.';
COMMENT ON COLUMN invoices.amount_overpaid IS 'Read from amount_overpaid.';
COMMENT ON COLUMN invoices.starting_balance IS 'Read from starting_balance.';
COMMENT ON COLUMN invoices.ending_balance IS 'Read from ending_balance.';
COMMENT ON COLUMN invoices.pre_payment_credit_notes_amount IS 'Read from pre_payment_credit_notes_amount.';
COMMENT ON COLUMN invoices.post_payment_credit_notes_amount IS 'Read from post_payment_credit_notes_amount.';
COMMENT ON COLUMN invoices.attempt_count IS 'Read from attempt_count.';
COMMENT ON COLUMN invoices.next_payment_attempt IS 'Read from next_payment_attempt.';
COMMENT ON COLUMN invoices.due_date IS 'Read from due_date.';
COMMENT ON COLUMN invoices.period_start IS 'Read from period_start.';
COMMENT ON COLUMN invoices.period_end IS 'Read from period_end.';
COMMENT ON COLUMN invoices.finalized_at IS 'Read from status_transitions.finalized_at, else finalized_at.';
COMMENT ON COLUMN invoices.paid_at IS 'Read from status_transitions.paid_at.';
COMMENT ON COLUMN invoices.voided_at IS 'Read from status_transitions.voided_at.';
COMMENT ON COLUMN invoices.marked_uncollectible_at IS 'Read from status_transitions.marked_uncollectible_at.';
COMMENT ON COLUMN invoices.description IS 'Read from description.';
COMMENT ON COLUMN invoices.lines_count IS 'Read from lines.total_count.';
COMMENT ON COLUMN invoices.has_more_lines IS 'Read from lines.has_more.';
COMMENT ON COLUMN invoices.metadata IS 'Read from metadata.';
COMMENT ON COLUMN invoices.user_id IS 'The user who owns the customer now; null while it is unlinked.';
COMMENT ON COLUMN invoices.created_at IS 'The provider''s created, else the instant of the deciding event.';
COMMENT ON COLUMN invoices.updated_at IS 'When the event occurred that decided the row last.';
COMMENT ON COLUMN invoices.deleted_at IS 'When the event occurred that deleted the object at the provider.';
COMMENT ON COLUMN invoices.event_id IS 'The event that decided the row last.';

CREATE TABLE invoice_lines (
    invoice_id           text NOT NULL,
    id                   text NOT NULL,
    account              text NOT NULL,
    livemode             boolean NOT NULL,
    customer_id          text,
    subscription_id      text,
    subscription_item_id text,
    invoice_item_id      text,
    price_id             text,
    product_id           text,
    currency             text,
    amount               bigint,
    quantity             bigint,
    unit_amount_decimal  numeric,
    proration            boolean,
    period_start         timestamptz,
    period_end           timestamptz,
    description          text,
    discount_amounts     jsonb,
    taxes                jsonb,
    metadata             jsonb,
    user_id              text,
    created_at           timestamptz NOT NULL,
    updated_at           timestamptz NOT NULL,
    deleted_at           timestamptz,
    event_id             uuid NOT NULL,
    PRIMARY KEY (invoice_id, id, account, livemode)
);
CREATE INDEX invoice_lines_customer ON invoice_lines (customer_id);
COMMENT ON TABLE invoice_lines IS 'The lines of each invoice that its last event shows; invoices.has_more_lines says whether there are others.';
COMMENT ON COLUMN invoice_lines.invoice_id IS 'The id of its row in invoices.';
COMMENT ON COLUMN invoice_lines.id IS 'The provider''s id.';
COMMENT ON COLUMN invoice_lines.account IS 'The connected account of its events; empty for the platform''s own.';
COMMENT ON COLUMN invoice_lines.livemode IS 'False for an object of the provider''s test mode.';
COMMENT ON COLUMN invoice_lines.customer_id IS 'The customer, as in customer_links. Read from ^customer.';
COMMENT ON COLUMN invoice_lines.subscription_id IS 'Read from parent.subscription_item_details.subscription, else parent.invoice_item_details.subscription, else subscription.';
COMMENT ON COLUMN invoice_lines.subscription_item_id IS 'Read from parent.subscription_item_details.subscription_item, else subscription_item.';
COMMENT ON COLUMN invoice_lines.invoice_item_id IS 'Read from parent.invoice_item_details.invoice_item, else invoice_item.';
COMMENT ON COLUMN invoice_lines.price_id IS 'Read from pricing.price_details.price, else price, else plan.';
COMMENT ON COLUMN invoice_lines.product_id IS 'Read from pricing.price_details.product, else price.product, else plan.product.';
COMMENT ON COLUMN invoice_lines.currency IS 'Read from currency, else ^currency.';
COMMENT ON COLUMN invoice_lines.amount IS 'Read from amount.';
COMMENT ON COLUMN invoice_lines.quantity IS 'Read from quantity.';
COMMENT ON COLUMN invoice_lines.unit_amount_decimal IS 'Read from pricing.unit_amount_decimal, else price.unit_amount_decimal, else plan.amount_decimal.';
COMMENT ON COLUMN invoice_lines.proration IS 'Read from parent.subscription_item_details.proration, else parent.invoice_item_details.proration, else proration.';
COMMENT ON COLUMN invoice_lines.period_start IS 'Read from period.start.';
COMMENT ON COLUMN invoice_lines.period_end IS 'Read from period.end.';
COMMENT ON COLUMN invoice_lines.description IS 'Read from description.';
COMMENT ON COLUMN invoice_lines.discount_amounts IS 'Read from discount_amounts.';
COMMENT ON COLUMN invoice_lines.taxes IS 'Read from taxes, else tax_amounts.';
COMMENT ON COLUMN invoice_lines.metadata IS 'Read from metadata.';
COMMENT ON COLUMN invoice_lines.user_id IS 'The user who owns the customer now; null while it is unlinked.';
COMMENT ON COLUMN invoice_lines.created_at IS 'The provider''s created, else the instant of the deciding event.';
COMMENT ON COLUMN invoice_lines.updated_at IS 'When the event occurred that decided the row last.';
COMMENT ON COLUMN invoice_lines.deleted_at IS 'When the event occurred that deleted the object at the provider.';
COMMENT ON COLUMN invoice_lines.event_id IS 'The event that decided the row last.';

CREATE TABLE credit_notes (
    id                  text NOT NULL,
    account             text NOT NULL,
    livemode            boolean NOT NULL,
    customer_id         text,
    invoice_id          text,
    number              text,
    status              text,
    type                text,
    reason              text,
    currency            text,
    subtotal            bigint,
    total               bigint,
    amount              bigint,
    pre_payment_amount  bigint,
    post_payment_amount bigint,
    out_of_band_amount  bigint,
    refund_id           text,
    effective_at        timestamptz,
    voided_at           timestamptz,
    memo                text,
    metadata            jsonb,
    user_id             text,
    created_at          timestamptz NOT NULL,
    updated_at          timestamptz NOT NULL,
    deleted_at          timestamptz,
    event_id            uuid NOT NULL,
    PRIMARY KEY (id, account, livemode)
);
CREATE INDEX credit_notes_created ON credit_notes (created_at, id);
CREATE INDEX credit_notes_customer ON credit_notes (customer_id, created_at, id);
COMMENT ON TABLE credit_notes IS 'Every credit note, as its last event shows it.';
COMMENT ON COLUMN credit_notes.id IS 'The provider''s id.';
COMMENT ON COLUMN credit_notes.account IS 'The connected account of its events; empty for the platform''s own.';
COMMENT ON COLUMN credit_notes.livemode IS 'False for an object of the provider''s test mode.';
COMMENT ON COLUMN credit_notes.customer_id IS 'The customer, as in customer_links. Read from customer.';
COMMENT ON COLUMN credit_notes.invoice_id IS 'Read from invoice.';
COMMENT ON COLUMN credit_notes.number IS 'Read from number.';
COMMENT ON COLUMN credit_notes.status IS 'Read from status.';
COMMENT ON COLUMN credit_notes.type IS 'Read from type.';
COMMENT ON COLUMN credit_notes.reason IS 'Read from reason.';
COMMENT ON COLUMN credit_notes.currency IS 'Read from currency.';
COMMENT ON COLUMN credit_notes.subtotal IS 'Read from subtotal.';
COMMENT ON COLUMN credit_notes.total IS 'Read from total.';
COMMENT ON COLUMN credit_notes.amount IS 'Read from amount.';
COMMENT ON COLUMN credit_notes.pre_payment_amount IS 'Read from pre_payment_amount.';
COMMENT ON COLUMN credit_notes.post_payment_amount IS 'Read from post_payment_amount.';
COMMENT ON COLUMN credit_notes.out_of_band_amount IS 'Read from out_of_band_amount.';
COMMENT ON COLUMN credit_notes.refund_id IS 'Read from refund, else refunds.0.refund.';
COMMENT ON COLUMN credit_notes.effective_at IS 'Read from effective_at.';
COMMENT ON COLUMN credit_notes.voided_at IS 'Read from voided_at.';
COMMENT ON COLUMN credit_notes.memo IS 'Read from memo.';
COMMENT ON COLUMN credit_notes.metadata IS 'Read from metadata.';
COMMENT ON COLUMN credit_notes.user_id IS 'The user who owns the customer now; null while it is unlinked.';
COMMENT ON COLUMN credit_notes.created_at IS 'The provider''s created, else the instant of the deciding event.';
COMMENT ON COLUMN credit_notes.updated_at IS 'When the event occurred that decided the row last.';
COMMENT ON COLUMN credit_notes.deleted_at IS 'When the event occurred that deleted the object at the provider.';
COMMENT ON COLUMN credit_notes.event_id IS 'The event that decided the row last.';

DO $$
DECLARE
    projected text;
BEGIN
    FOREACH projected IN ARRAY ARRAY['invoices', 'invoice_lines', 'credit_notes'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', projected);
        EXECUTE format('CREATE POLICY %I ON %I TO tenure_app USING (true) WITH CHECK (true)', projected || '_app', projected);
        EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO tenure_auditor USING (true)', projected || '_auditor', projected);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO tenure_app', projected);
        EXECUTE format('GRANT SELECT ON %I TO tenure_auditor', projected);
    END LOOP;
END
$$;
