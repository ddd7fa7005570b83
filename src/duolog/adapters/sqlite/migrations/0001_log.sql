-- The log, who follows it and how far they are. Frozen once released: a change is a new file.
CREATE TABLE duolog_meta (
    log_id TEXT NOT NULL,
    schema_version INTEGER NOT NULL
);

CREATE TABLE duolog_events (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT NOT NULL DEFAULT '',
    stream TEXT NOT NULL,
    version INTEGER NOT NULL,
    event_id BLOB NOT NULL UNIQUE,
    type TEXT NOT NULL,
    schema_version INTEGER NOT NULL,
    tags TEXT NOT NULL,
    partition INTEGER NOT NULL,
    data TEXT NOT NULL,
    metadata TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    UNIQUE (tenant, stream, version)
);

CREATE INDEX duolog_events_type ON duolog_events (type, position);

CREATE TABLE duolog_event_tags (
    tenant TEXT NOT NULL,
    tag TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (tenant, tag, position)
) WITHOUT ROWID;

CREATE TABLE duolog_checkpoints (
    subscription TEXT NOT NULL,
    lo INTEGER NOT NULL,
    hi INTEGER NOT NULL,
    version INTEGER NOT NULL,
    position INTEGER NOT NULL,
    token INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (subscription, lo)
) WITHOUT ROWID;

CREATE TABLE duolog_leases (
    subscription TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    token INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE duolog_parked (
    subscription TEXT NOT NULL,
    tenant TEXT NOT NULL,
    key TEXT NOT NULL,
    position INTEGER NOT NULL,
    event_id BLOB NOT NULL,
    type TEXT NOT NULL,
    reason TEXT NOT NULL,
    error TEXT NOT NULL,
    traceback TEXT NOT NULL,
    parked_at INTEGER NOT NULL,
    PRIMARY KEY (subscription, position)
);

CREATE INDEX duolog_parked_key ON duolog_parked (subscription, tenant, key);
