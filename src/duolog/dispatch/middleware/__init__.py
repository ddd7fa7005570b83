"""The middleware that every message passes, one a file, all with the same signature."""
