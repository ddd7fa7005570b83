"""The write side: transaction manager, event publisher, unit of work, aggregates and their repositories."""
