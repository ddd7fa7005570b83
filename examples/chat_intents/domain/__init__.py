"""Intents, and how a message is read before anybody classifies it."""
