-- Why: an endpoint is where Tenure receives webhooks; where it sends them is a destination, as the code and
-- the documents call it. A delivery that waits names its destination under the new name too.
ALTER TABLE outgoing_endpoints RENAME TO outgoing_destinations;
ALTER TABLE outgoing_destinations RENAME CONSTRAINT outgoing_endpoints_pkey TO outgoing_destinations_pkey;
ALTER TABLE outgoing_secrets RENAME COLUMN endpoint_id TO destination_id;
ALTER TABLE outgoing_secrets RENAME CONSTRAINT outgoing_secrets_endpoint_id_fkey TO outgoing_secrets_destination_id_fkey;
DROP INDEX outgoing_secrets_endpoint;
CREATE INDEX outgoing_secrets_destination ON outgoing_secrets (destination_id, created_at DESC);
ALTER POLICY outgoing_endpoints_app ON outgoing_destinations RENAME TO outgoing_destinations_app;
ALTER POLICY outgoing_endpoints_auditor ON outgoing_destinations RENAME TO outgoing_destinations_auditor;
UPDATE background_jobs
   SET payload = payload - 'endpoint_id' || jsonb_build_object('destination_id', payload -> 'endpoint_id')
 WHERE type = 'outgoing.deliver' AND payload ? 'endpoint_id';
