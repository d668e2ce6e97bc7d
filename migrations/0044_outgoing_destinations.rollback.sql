UPDATE background_jobs
   SET payload = payload - 'destination_id' || jsonb_build_object('endpoint_id', payload -> 'destination_id')
 WHERE type = 'outgoing.deliver' AND payload ? 'destination_id';
ALTER POLICY outgoing_destinations_auditor ON outgoing_destinations RENAME TO outgoing_endpoints_auditor;
ALTER POLICY outgoing_destinations_app ON outgoing_destinations RENAME TO outgoing_endpoints_app;
DROP INDEX outgoing_secrets_destination;
ALTER TABLE outgoing_secrets RENAME CONSTRAINT outgoing_secrets_destination_id_fkey TO outgoing_secrets_endpoint_id_fkey;
ALTER TABLE outgoing_secrets RENAME COLUMN destination_id TO endpoint_id;
CREATE INDEX outgoing_secrets_endpoint ON outgoing_secrets (endpoint_id, created_at DESC);
ALTER TABLE outgoing_destinations RENAME CONSTRAINT outgoing_destinations_pkey TO outgoing_endpoints_pkey;
ALTER TABLE outgoing_destinations RENAME TO outgoing_endpoints;
