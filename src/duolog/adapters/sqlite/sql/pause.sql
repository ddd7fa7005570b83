INSERT INTO duolog_pauses (subscription, paused_by, since) VALUES (:subscription, :by, :now)
ON CONFLICT (subscription) DO NOTHING
