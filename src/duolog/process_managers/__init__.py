"""Reacting to events with commands: reactors, and process managers that remember a state and set deadlines."""
