"""Mutants: each takes one protection out of the code, and the tests that pin the promise must notice."""
