DROP TRIGGER IF EXISTS duolog_closed_events;
DROP TRIGGER IF EXISTS duolog_closed_idempotency;
DROP TRIGGER IF EXISTS duolog_closed_new_checkpoints;
DROP TRIGGER IF EXISTS duolog_closed_checkpoints;
DROP TRIGGER IF EXISTS duolog_closed_new_leases;
DROP TRIGGER IF EXISTS duolog_closed_leases;
