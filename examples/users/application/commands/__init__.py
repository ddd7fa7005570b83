"""Requests that change users, each with its interactor."""
