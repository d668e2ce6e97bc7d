DROP TABLE outgoing_secrets, outgoing_endpoints;
