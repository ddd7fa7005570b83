-- $1: subscription, $2: by whom, $3: since when
INSERT INTO {schema}.pauses (subscription, paused_by, since) VALUES ($1, $2, $3)
