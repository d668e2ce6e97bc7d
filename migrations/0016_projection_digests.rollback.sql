DROP TABLE projection_digests;
DROP FUNCTION digest_number(bytea);
