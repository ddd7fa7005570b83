SELECT subscription, count(*) FROM duolog_parked GROUP BY subscription ORDER BY subscription
