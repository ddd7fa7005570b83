"""Middleware of the write side: idempotency and the unit of work."""
