-- Which commands were executed under which idempotency keys, and what they answered.
CREATE TABLE duolog_idempotency (
    tenant TEXT NOT NULL,
    actor TEXT NOT NULL,
    operation TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    result TEXT NOT NULL,
    outcome TEXT NOT NULL,
    shown TEXT,
    recorded_at INTEGER NOT NULL,
    UNIQUE (tenant, actor, operation, key)
);

CREATE INDEX duolog_idempotency_recorded_at ON duolog_idempotency (recorded_at);
