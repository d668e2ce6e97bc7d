DROP FUNCTION readable_json;
