"""The Application: registry, wiring and life cycle."""
