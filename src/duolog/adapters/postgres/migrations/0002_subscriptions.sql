-- Who follows the log, how far they are, and what they set aside. Frozen once released: a change is a new file.
CREATE TABLE {schema}.checkpoints (
    subscription TEXT COLLATE "C" NOT NULL,
    lo INTEGER NOT NULL,
    hi INTEGER NOT NULL,
    version INTEGER NOT NULL,
    position BIGINT NOT NULL,
    token BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (subscription, lo)
) WITH (fillfactor = 50);

CREATE TABLE {schema}.leases (
    subscription TEXT COLLATE "C" PRIMARY KEY,
    owner TEXT COLLATE "C" NOT NULL,
    token BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE {schema}.parked (
    subscription TEXT COLLATE "C" NOT NULL,
    tenant TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    event_id UUID,
    type TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    error TEXT NOT NULL,
    traceback TEXT NOT NULL,
    parked_at BIGINT NOT NULL,
    PRIMARY KEY (subscription, position)
);

CREATE INDEX parked_key ON {schema}.parked (subscription, tenant, key);
