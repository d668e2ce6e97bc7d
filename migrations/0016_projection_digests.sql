-- Why: whether the tables are what the last replay gave plus what came since must be told at once, so the
-- sum of all row digests is kept as it changes. Slot 0 is what a replay left; a batch adds what it changed
-- to any other slot that nobody holds, so that no two batches wait for each other.
CREATE TABLE projection_digests (
    slot   smallint    PRIMARY KEY CHECK (slot BETWEEN 0 AND 64),
    digest numeric(78) NOT NULL DEFAULT 0 CHECK (digest >= 0)
) WITH (fillfactor = 10);
COMMENT ON TABLE projection_digests IS 'Their sum is that of row_digest over projection_states, modulo 2^256.';
INSERT INTO projection_digests (slot) SELECT generate_series(0, 64);

CREATE FUNCTION digest_number(digest bytea) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT ('x' || encode(substr(digest, 1, 4), 'hex'))::bit(32)::bigint::numeric * 26959946667150639794667015087019630673637144422540572481103610249216
         + ('x' || encode(substr(digest, 5, 7), 'hex'))::bit(56)::bigint::numeric * 374144419156711147060143317175368453031918731001856
         + ('x' || encode(substr(digest, 12, 7), 'hex'))::bit(56)::bigint::numeric * 5192296858534827628530496329220096
         + ('x' || encode(substr(digest, 19, 7), 'hex'))::bit(56)::bigint::numeric * 72057594037927936
         + ('x' || encode(substr(digest, 26, 7), 'hex'))::bit(56)::bigint::numeric
$$;
COMMENT ON FUNCTION digest_number IS 'The 32 bytes of a SHA-256 as the number they are.';

-- What was projected before this migration.
UPDATE projection_digests
   SET digest = mod((SELECT coalesce(sum(digest_number(row_digest)), 0) FROM projection_states), 115792089237316195423570985008687907853269984665640564039457584007913129639936)
 WHERE slot = 0;

ALTER TABLE projection_digests ENABLE ROW LEVEL SECURITY;
CREATE POLICY projection_digests_app ON projection_digests TO tenure_app USING (true) WITH CHECK (true);
CREATE POLICY projection_digests_auditor ON projection_digests FOR SELECT TO tenure_auditor USING (true);
GRANT SELECT, UPDATE ON projection_digests TO tenure_app;
GRANT SELECT ON projection_digests TO tenure_auditor;
