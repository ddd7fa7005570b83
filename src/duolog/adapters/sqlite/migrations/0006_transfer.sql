-- Whether the log was moved, or is on its way in: one row then, and none while it is in use. The door is open only
-- inside the transactions that receive, so that nobody else ever sees it open. Frozen once released.
CREATE TABLE duolog_transfer (
    only_row INTEGER PRIMARY KEY DEFAULT 1 CHECK (only_row = 1),
    state TEXT NOT NULL,
    other TEXT NOT NULL,
    since INTEGER NOT NULL,
    door TEXT NOT NULL
);
