-- Subscriptions that nobody is to advance. Frozen once released.
CREATE TABLE {schema}.pauses (
    subscription TEXT COLLATE "C" PRIMARY KEY,
    paused_by TEXT NOT NULL,
    since BIGINT NOT NULL
);
