"""The vocabulary: commands, queries, events, their names, and what travels with them."""
