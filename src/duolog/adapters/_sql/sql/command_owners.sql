SELECT DISTINCT owner FROM duolog_scheduled_commands WHERE owner <> ''
