DROP TABLE access_log, api_tokens;
