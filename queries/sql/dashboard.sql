-- At most one row: a user's work by status, running jobs, the month against the plan, and recent events (instants in microseconds).
-- Leans on users_user_id, campaigns_status, scraping_jobs_status, creator_lists_listed and events_stream.
SELECT u.user_id,
       coalesce((SELECT jsonb_object_agg(c.status, c.count)
                   FROM (SELECT status, count(*) FROM campaigns WHERE user_id = u.user_id GROUP BY status) AS c), '{}') AS campaigns_by_status,
       coalesce((SELECT jsonb_object_agg(j.status, j.count)
                   FROM (SELECT status, count(*) FROM scraping_jobs WHERE user_id = u.user_id GROUP BY status) AS j), '{}') AS jobs_by_status,
       coalesce((SELECT jsonb_agg(to_jsonb(j) - 'created' ORDER BY j.created DESC, j.id DESC)
                   FROM (SELECT id, status, platform, campaign_id, progress, creators_recorded,
                                (extract(epoch FROM created_at) * 1000000)::bigint AS created,
                                (extract(epoch FROM started_at) * 1000000)::bigint AS started_at,
                                (extract(epoch FROM timeout_at) * 1000000)::bigint AS timeout_at
                           FROM scraping_jobs
                          WHERE user_id = u.user_id AND status = 'processing'
                          ORDER BY created_at DESC, id DESC
                          LIMIT %(running)s) AS j), '[]') AS jobs_running,
       (SELECT count(*) FROM creator_lists WHERE user_id = u.user_id AND NOT is_archived) AS lists,
       s.current_plan, g.plan_campaigns_limit, g.plan_creators_limit, g.usage_campaigns_current,
       CASE WHEN g.usage_reset_date <= %(now)s::timestamptz THEN 0 ELSE g.usage_creators_current_month END AS usage_creators_current_month,
       CASE WHEN g.usage_reset_date <= %(now)s::timestamptz THEN 0 ELSE g.enrichments_current_month END AS enrichments_current_month,
       g.usage_reset_date,
       coalesce((SELECT jsonb_agg(to_jsonb(e) - 'position' ORDER BY e.position DESC)
                   FROM (SELECT event.id, event.event_type, event.aggregate_type, event.aggregate_id, event.position,
                                (extract(epoch FROM event.occurred_at) * 1000000)::bigint AS occurred_at
                           FROM (SELECT * FROM events
                                  WHERE part = %(part)s::smallint AND route_key = %(user_id)s::text
                                  ORDER BY events.position DESC
                                  LIMIT %(looked_at)s) AS event
                          WHERE event.aggregate_type IN ('campaign', 'job', 'list') AND event.event_type <> 'job.progressed'
                          ORDER BY event.position DESC
                          LIMIT %(recent)s) AS e), '[]') AS recent
  FROM users u
  JOIN user_subscriptions s ON s.user_id = u.id
  JOIN user_usage g ON g.user_id = u.id
 WHERE u.user_id = %(user_id)s::text
