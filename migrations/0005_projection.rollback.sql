DROP TABLE quarantine, projection_checkpoints, projection_states;
