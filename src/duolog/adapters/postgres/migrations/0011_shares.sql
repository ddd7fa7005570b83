-- A view may exist in several generations, each is divided into shares of the 256 buckets, and those are what owners
-- advance. What was there is the first generation, live, with one share. Frozen once released.
CREATE TABLE {schema}.generations (
    subscription TEXT COLLATE "C" NOT NULL,
    number INTEGER NOT NULL,
    version INTEGER NOT NULL,
    role TEXT COLLATE "C" NOT NULL,
    since BIGINT NOT NULL,
    tables TEXT[] NOT NULL,
    PRIMARY KEY (subscription, number)
);

CREATE UNIQUE INDEX generations_live ON {schema}.generations (subscription) WHERE role = 'live';

INSERT INTO {schema}.generations (subscription, number, version, role, since, tables)
SELECT subscription, 1, version, 'live', updated_at, '{}' FROM {schema}.checkpoints WHERE lo = 0;

ALTER TABLE {schema}.checkpoints
    ADD COLUMN generation INTEGER NOT NULL DEFAULT 1,
    ADD COLUMN changes BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN counted_after BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN counted BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN digest BIGINT NOT NULL DEFAULT 0,
    DROP CONSTRAINT checkpoints_pkey,
    ADD PRIMARY KEY (subscription, generation, lo);

UPDATE {schema}.checkpoints SET counted_after = position;

CREATE TABLE {schema}.stretches (
    subscription TEXT COLLATE "C" NOT NULL,
    generation INTEGER NOT NULL,
    lo INTEGER NOT NULL,
    hi INTEGER NOT NULL,
    after BIGINT NOT NULL,
    through BIGINT NOT NULL,
    counted BIGINT NOT NULL,
    digest BIGINT NOT NULL,
    PRIMARY KEY (subscription, generation, lo, through)
);

ALTER TABLE {schema}.leases
    ADD COLUMN generation INTEGER NOT NULL DEFAULT 1,
    ADD COLUMN lo INTEGER NOT NULL DEFAULT 0,
    ADD COLUMN hi INTEGER NOT NULL DEFAULT 255,
    DROP CONSTRAINT leases_pkey,
    ADD PRIMARY KEY (subscription, generation, lo);

CREATE TABLE {schema}.members (
    owner TEXT COLLATE "C" NOT NULL,
    subscription TEXT COLLATE "C" NOT NULL,
    version INTEGER NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (owner, subscription, version)
) WITH (fillfactor = 50);

ALTER TABLE {schema}.parked
    ADD COLUMN generation INTEGER NOT NULL DEFAULT 1,
    DROP CONSTRAINT parked_pkey,
    ADD PRIMARY KEY (subscription, generation, position);

DROP INDEX {schema}.parked_key;

CREATE INDEX parked_key ON {schema}.parked (subscription, generation, tenant, key);
