-- The latest snapshot of a stream. Only a copy: all of them may be deleted at any time. Frozen once released.
CREATE TABLE {schema}.snapshots (
    tenant TEXT COLLATE "C" NOT NULL,
    stream TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    type TEXT COLLATE "C" NOT NULL,
    schema_version INTEGER NOT NULL,
    data BYTEA NOT NULL,
    PRIMARY KEY (tenant, stream)
);
