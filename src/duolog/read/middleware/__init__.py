"""Middleware of the read side: the read scope and waiting for a position."""
