"""Databases and brokers behind the ports; found by entry point, never imported by name."""
