"""SQL on the application's own tables: the read port, statements, and rows into DTOs."""
