"""Questions about users, each with its query service."""
