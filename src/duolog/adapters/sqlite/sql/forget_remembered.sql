DELETE FROM duolog_generations;
DELETE FROM duolog_checkpoints;
DELETE FROM duolog_stretches;
DELETE FROM duolog_members;
DELETE FROM duolog_leases;
DELETE FROM duolog_parked;
DELETE FROM duolog_snapshots;
DELETE FROM duolog_idempotency;
