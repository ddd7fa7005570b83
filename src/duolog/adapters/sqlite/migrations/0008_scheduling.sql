-- Commands that are due later, and what process managers remember. Frozen once released: a change is a new file.
CREATE TABLE duolog_scheduled_commands (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    command TEXT NOT NULL,
    version INTEGER NOT NULL,
    payload TEXT NOT NULL,
    metadata TEXT NOT NULL,
    key TEXT,
    scheduled_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    next_at INTEGER NOT NULL,
    state TEXT NOT NULL,
    owner TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    error TEXT NOT NULL,
    traceback TEXT NOT NULL
);

CREATE INDEX duolog_scheduled_commands_next ON duolog_scheduled_commands (next_at, number) WHERE state = 'waiting';

CREATE INDEX duolog_scheduled_commands_key ON duolog_scheduled_commands (tenant, key, due_at, number) WHERE key IS NOT NULL;

CREATE INDEX duolog_scheduled_commands_due ON duolog_scheduled_commands (due_at, number);

CREATE INDEX duolog_scheduled_commands_owner ON duolog_scheduled_commands (owner) WHERE owner <> '';

CREATE TABLE duolog_process_states (
    process TEXT NOT NULL,
    tenant TEXT NOT NULL,
    key TEXT NOT NULL,
    stamp TEXT NOT NULL,
    version INTEGER NOT NULL,
    state TEXT,
    deadlines TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (process, tenant, key)
);

CREATE TABLE duolog_process_beginnings (
    process TEXT PRIMARY KEY,
    position INTEGER NOT NULL
);
