"""Dependency injection: the scopes in which handlers are built, and the providers that duolog brings."""
