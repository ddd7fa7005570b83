"""What a user is, and what may happen to one; knows no database and no web."""
