SELECT subscription, paused_by, since FROM {schema}.pauses ORDER BY subscription
