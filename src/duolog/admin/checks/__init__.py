"""Checks of an application's code: what no type checker sees, and every team agrees on. One rule a module."""
