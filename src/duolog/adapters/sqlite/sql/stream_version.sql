SELECT version FROM duolog_events
WHERE tenant = :tenant AND stream = :stream
ORDER BY version DESC LIMIT 1
