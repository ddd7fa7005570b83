"""The port that a database adapter implements: one object that bundles log, tables, checkpoints and leases."""
