-- $1 tenant, $2 stream, $3 expected version, $4 event id, $5 type, $6 schema version, $7 tags, $8 partition, $9 data,
-- $10 metadata, $11 keys of boundaries, sorted
SELECT {schema}.append_one($1, $2, $3, $4, $5, $6, $7, $8::smallint, $9, $10, $11)
