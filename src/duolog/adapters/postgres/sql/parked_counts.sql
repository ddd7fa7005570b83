SELECT subscription, count(*) AS parked FROM {schema}.parked GROUP BY subscription ORDER BY subscription
