UPDATE duolog_meta SET schema_version = :schema_version
