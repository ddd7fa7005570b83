"""Errors of subscriptions and their owners."""

from duolog.errors.base import DuologError


class LeaseLostError(DuologError):
    """Another owner has taken this subscription over; what was being written was rolled back."""


class CheckpointConflictError(LeaseLostError):
    """A checkpoint was moved by somebody else since it was read."""
