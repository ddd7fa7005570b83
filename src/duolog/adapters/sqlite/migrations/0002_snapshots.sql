-- The latest snapshot of a stream. Only a copy: all of them may be deleted at any time. Frozen once released.
CREATE TABLE duolog_snapshots (
    tenant TEXT NOT NULL,
    stream TEXT NOT NULL,
    version INTEGER NOT NULL,
    type TEXT NOT NULL,
    schema_version INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (tenant, stream)
);
