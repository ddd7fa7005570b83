INSERT INTO duolog_pauses (subscription, paused_by, since) VALUES (?, ?, ?)
