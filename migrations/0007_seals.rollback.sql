-- The trees grow again from the log, but signed checkpoints do not come back: publish them first.
DROP TABLE log_origin, log_checkpoints, log_nodes;
