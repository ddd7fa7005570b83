"""The log's port: streams, expectations, conditions, reading and following."""
