-- Condition on profile: pending, active, converted or expired.
-- Leans on user_subscriptions_trial.
s.trial_status = %(trial_status)s::text
