SELECT stream, version, type, schema_version, data FROM duolog_snapshots WHERE tenant = :tenant AND stream = :stream
