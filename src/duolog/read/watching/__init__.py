"""Live queries: answers that are given again when their views have changed."""
