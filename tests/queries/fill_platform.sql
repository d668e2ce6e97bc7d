-- No rows; fills the platform's tables with made-up work of 500 users.
-- Uses no index: for tests of plans.
INSERT INTO users SELECT gen_random_uuid(), 'user_' || n, null, null, null, null, null, 'pending', false, null, now(), now()
  FROM generate_series(1, 500) n;
INSERT INTO campaigns SELECT gen_random_uuid(), 'user_' || (n % 500 + 1), 'c', null, 'tiktok-keyword',
       (ARRAY['draft', 'active', 'completed', 'archived'])[n % 4 + 1], 1, null, now() - n * interval '1 minute', now()
  FROM generate_series(1, 10000) n;
INSERT INTO scraping_jobs SELECT gen_random_uuid(), c.user_id, 'run_' || n || c.id, (ARRAY['pending', 'processing', 'completed'])[n],
       jsonb_build_array('k' || (random() * 5000)::int, 'k' || (random() * 5000)::int), 'TikTok', 'US', c.id, c.id, null,
       jsonb_build_object('p' || (random() * 5000)::int, jsonb_build_object('age', (random() * 500)::int), 'common', 'everywhere'), null,
       0, 0, null, 0, 0, 0, null, 1, null, now() - n * interval '1 hour', null, null, now() + (n - 3) * random() * interval '1 day', now()
  FROM campaigns c CROSS JOIN generate_series(1, 3) n;
INSERT INTO scraping_results SELECT gen_random_uuid(), j.id, '[]', 0, '', now() FROM scraping_jobs j;
INSERT INTO creator_lists SELECT gen_random_uuid(), c.user_id, 'l', null, 'custom', 'private', '{}', false, 5, 1, null, c.created_at, now()
  FROM campaigns c;
INSERT INTO list_items SELECT gen_random_uuid(), l.id, l.user_id, 'creator_' || n, null, n, 'backlog', null, false, now(), now()
  FROM creator_lists l CROSS JOIN generate_series(1, 3) n;
