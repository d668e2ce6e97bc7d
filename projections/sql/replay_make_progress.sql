-- No rows; where a replay keeps its plan and notes what is done. Dropped with the schema it is in.
-- Leans on the search path: the shadow schema is first.
CREATE TABLE replay_plan (plan json NOT NULL);
CREATE TABLE replay_progress (
    stage   text    NOT NULL,
    number  integer NOT NULL,
    outcome json    NOT NULL,
    PRIMARY KEY (stage, number)
)
