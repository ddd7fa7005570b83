-- Commands that are due later, and what process managers remember. Frozen once released: a change is a new file.
CREATE TABLE {schema}.scheduled_commands (
    number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id UUID NOT NULL UNIQUE,
    tenant TEXT COLLATE "C" NOT NULL,
    command TEXT COLLATE "C" NOT NULL,
    version INTEGER NOT NULL,
    payload TEXT NOT NULL,
    metadata TEXT NOT NULL,
    key TEXT COLLATE "C",
    scheduled_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    owner TEXT COLLATE "C" NOT NULL,
    attempts INTEGER NOT NULL,
    error TEXT NOT NULL,
    traceback TEXT NOT NULL
);

CREATE INDEX scheduled_commands_next ON {schema}.scheduled_commands (next_at, number) WHERE state = 'waiting';

CREATE INDEX scheduled_commands_key ON {schema}.scheduled_commands (tenant, key, due_at, number) WHERE key IS NOT NULL;

CREATE INDEX scheduled_commands_due ON {schema}.scheduled_commands (due_at, number);

CREATE TABLE {schema}.process_states (
    process TEXT COLLATE "C" NOT NULL,
    tenant TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    stamp TEXT COLLATE "C" NOT NULL,
    version INTEGER NOT NULL,
    state TEXT,
    deadlines TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (process, tenant, key)
);

CREATE TABLE {schema}.process_beginnings (
    process TEXT COLLATE "C" PRIMARY KEY,
    position BIGINT NOT NULL
);
