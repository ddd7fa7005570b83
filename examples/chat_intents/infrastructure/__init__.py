"""Adapters of the ports, and how they are put together."""
