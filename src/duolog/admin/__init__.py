"""Inspection and operator actions on a database, shared by everything that shows them to a person."""
