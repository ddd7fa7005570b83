"""Middleware of the write side: the unit of work."""
