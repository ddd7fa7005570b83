"""Ports bound to databases and libraries, and the application put together."""
