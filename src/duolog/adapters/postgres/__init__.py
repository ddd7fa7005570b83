"""A PostgreSQL database: a bounded pool of connections, and the log, tables and views in it."""
