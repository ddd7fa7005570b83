"""Requests, each with its interactor."""
