-- What was shown of a stored answer, such as the status, headers and body over HTTP; null until it was kept.
ALTER TABLE {schema}.idempotency ADD COLUMN shown TEXT;
