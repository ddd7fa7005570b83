SELECT min(recorded_at) FROM duolog_idempotency
