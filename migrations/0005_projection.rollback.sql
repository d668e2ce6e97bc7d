DROP TABLE quarantine, projection_catalog, projection_checkpoints, projection_states;
