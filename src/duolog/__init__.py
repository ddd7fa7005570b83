"""duolog: commands, queries and one event log between them."""
