-- One row: started, active, converted, expired: trials that began in the window, by outcome.
-- Leans on user_subscriptions_trial.
SELECT count(*)                                            AS started,
       count(*) FILTER (WHERE s.trial_status = 'active')    AS active,
       count(*) FILTER (WHERE s.trial_status = 'converted') AS converted,
       count(*) FILTER (WHERE s.trial_status = 'expired')   AS expired
  FROM user_subscriptions s
 WHERE s.trial_status <> 'pending'
   AND s.trial_start_date >= %(since)s::timestamptz
