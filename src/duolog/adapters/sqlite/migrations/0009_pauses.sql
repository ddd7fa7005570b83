-- Subscriptions that nobody is to advance. Frozen once released.
CREATE TABLE duolog_pauses (
    subscription TEXT NOT NULL PRIMARY KEY,
    paused_by TEXT NOT NULL,
    since INTEGER NOT NULL
) WITHOUT ROWID;
