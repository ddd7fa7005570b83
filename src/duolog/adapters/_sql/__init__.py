"""What the adapters on the sqlite3 driver share: values, statements, DDL, rows and errors."""
