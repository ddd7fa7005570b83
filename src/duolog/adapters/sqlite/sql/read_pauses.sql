SELECT subscription, paused_by, since FROM duolog_pauses ORDER BY subscription
