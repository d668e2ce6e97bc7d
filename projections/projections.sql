-- name: read_trusted_accounts
-- At most one row: the value of the setting, a JSON list of account ids.
-- Uses the table being small.
SELECT value FROM system_configurations WHERE category = 'stripe' AND key = 'trusted_accounts'
