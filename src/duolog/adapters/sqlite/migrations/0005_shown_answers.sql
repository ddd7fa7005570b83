-- What was shown of a stored answer, such as the status, headers and body over HTTP; empty until it was shown.
ALTER TABLE duolog_idempotency ADD COLUMN shown TEXT;
