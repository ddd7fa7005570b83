-- $1: owner, $2: subscriptions, $3: versions, $4: microseconds
-- Who was not heard of for long is forgotten, by whoever comes by; nobody waits for a row that somebody else forgets.
WITH clock AS (
    SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now
), works AS (
    SELECT subscription, version FROM unnest($2::text[], $3::integer[]) AS work (subscription, version)
), gone AS (
    DELETE FROM {schema}.members AS member
    USING (
        SELECT m.owner, m.subscription, m.version FROM {schema}.members AS m, clock
        WHERE m.owner <> $1 AND m.expires_at < clock.now - 60000000
            OR m.owner = $1 AND NOT EXISTS (
                SELECT FROM works AS w WHERE w.subscription = m.subscription AND w.version = m.version
            )
        FOR UPDATE OF m SKIP LOCKED
    ) AS old
    WHERE member.owner = old.owner AND member.subscription = old.subscription AND member.version = old.version
)
INSERT INTO {schema}.members (owner, subscription, version, expires_at)
SELECT $1, subscription, version, now + $4::bigint FROM works, clock
ORDER BY subscription, version
ON CONFLICT (owner, subscription, version) DO UPDATE SET expires_at = excluded.expires_at
