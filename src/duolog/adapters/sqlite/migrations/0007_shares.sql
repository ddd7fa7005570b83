-- A view may exist in several generations, each is divided into shares of the 256 buckets, and those are what owners
-- advance. What was there is the first generation, live, with one share. Frozen once released.
CREATE TABLE duolog_generations (
    subscription TEXT NOT NULL,
    number INTEGER NOT NULL,
    version INTEGER NOT NULL,
    role TEXT NOT NULL,
    since INTEGER NOT NULL,
    tables TEXT NOT NULL,
    PRIMARY KEY (subscription, number)
) WITHOUT ROWID;

CREATE UNIQUE INDEX duolog_generations_live ON duolog_generations (subscription) WHERE role = 'live';

INSERT INTO duolog_generations (subscription, number, version, role, since, tables)
SELECT subscription, 1, version, 'live', updated_at, '[]' FROM duolog_checkpoints WHERE lo = 0;

ALTER TABLE duolog_checkpoints RENAME TO duolog_old_checkpoints;

CREATE TABLE duolog_checkpoints (
    subscription TEXT NOT NULL,
    generation INTEGER NOT NULL,
    lo INTEGER NOT NULL,
    hi INTEGER NOT NULL,
    version INTEGER NOT NULL,
    position INTEGER NOT NULL,
    token INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    changes INTEGER NOT NULL,
    counted_after INTEGER NOT NULL,
    counted INTEGER NOT NULL,
    digest INTEGER NOT NULL,
    PRIMARY KEY (subscription, generation, lo)
) WITHOUT ROWID;

INSERT INTO duolog_checkpoints
SELECT subscription, 1, lo, hi, version, position, token, updated_at, 0, position, 0, 0 FROM duolog_old_checkpoints;

DROP TABLE duolog_old_checkpoints;

CREATE TABLE duolog_stretches (
    subscription TEXT NOT NULL,
    generation INTEGER NOT NULL,
    lo INTEGER NOT NULL,
    hi INTEGER NOT NULL,
    after INTEGER NOT NULL,
    through INTEGER NOT NULL,
    counted INTEGER NOT NULL,
    digest INTEGER NOT NULL,
    PRIMARY KEY (subscription, generation, lo, through)
) WITHOUT ROWID;

ALTER TABLE duolog_leases RENAME TO duolog_old_leases;

CREATE TABLE duolog_leases (
    subscription TEXT NOT NULL,
    generation INTEGER NOT NULL,
    lo INTEGER NOT NULL,
    hi INTEGER NOT NULL,
    owner TEXT NOT NULL,
    token INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (subscription, generation, lo)
) WITHOUT ROWID;

INSERT INTO duolog_leases SELECT subscription, 1, 0, 255, owner, token, expires_at FROM duolog_old_leases;

DROP TABLE duolog_old_leases;

CREATE TABLE duolog_members (
    owner TEXT NOT NULL,
    subscription TEXT NOT NULL,
    version INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (owner, subscription, version)
) WITHOUT ROWID;

ALTER TABLE duolog_parked RENAME TO duolog_old_parked;

CREATE TABLE duolog_parked (
    subscription TEXT NOT NULL,
    generation INTEGER NOT NULL,
    tenant TEXT NOT NULL,
    key TEXT NOT NULL,
    position INTEGER NOT NULL,
    event_id BLOB NOT NULL,
    type TEXT NOT NULL,
    reason TEXT NOT NULL,
    error TEXT NOT NULL,
    traceback TEXT NOT NULL,
    parked_at INTEGER NOT NULL,
    PRIMARY KEY (subscription, generation, position)
);

INSERT INTO duolog_parked
SELECT subscription, 1, tenant, key, position, event_id, type, reason, error, traceback, parked_at FROM duolog_old_parked;

DROP TABLE duolog_old_parked;

CREATE INDEX duolog_parked_key ON duolog_parked (subscription, generation, tenant, key);
