-- Which commands were executed under which idempotency keys, and what they answered. Frozen once released.
CREATE TABLE {schema}.idempotency (
    tenant TEXT COLLATE "C" NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    operation TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    fingerprint BYTEA NOT NULL,
    result BYTEA NOT NULL,
    outcome TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    UNIQUE (tenant, actor, operation, key)
);

CREATE INDEX idempotency_recorded_at ON {schema}.idempotency (recorded_at);
