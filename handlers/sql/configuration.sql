-- Rows: every key that was ever set.
-- Leans on nothing: there are few keys.
SELECT category, key, value, value_type, description, is_hot_reloadable, updated_at
  FROM system_configurations
 ORDER BY category, key
