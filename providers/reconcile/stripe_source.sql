-- name: customers_sample
-- Rows: some customers of one account, anywhere in the table; total, how many there are.
-- Uses the primary key of customer_links; reads it whole.
SELECT customer_id, count(*) OVER () AS total
  FROM customer_links
 WHERE CASE WHEN %(owner)s = '' THEN position('/' IN customer_id) = 0
            ELSE starts_with(customer_id, %(owner)s || '/') END
 ORDER BY md5(customer_id)
 LIMIT %(limit)s

-- name: keep_account
-- No row. The Stripe account that a scope is of; what was kept first stays.
-- Uses the primary key of reconcile_cursors.
INSERT INTO reconcile_cursors (scope, result, updated_at)
VALUES (%(scope)s, jsonb_build_object('account', %(account)s::text), %(now)s)
    ON CONFLICT (scope) DO NOTHING

-- name: read_result
-- One row or none: the result kept under a scope.
-- Uses the primary key of reconcile_cursors.
SELECT result FROM reconcile_cursors WHERE scope = %(scope)s
