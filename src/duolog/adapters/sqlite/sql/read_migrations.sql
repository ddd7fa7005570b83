SELECT number, name, checksum FROM duolog_migrations ORDER BY number
