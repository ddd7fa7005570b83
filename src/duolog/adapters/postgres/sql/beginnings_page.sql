-- $1: process; $2: limit
SELECT process, position FROM {schema}.process_beginnings
WHERE process COLLATE "C" > $1 ORDER BY process COLLATE "C" LIMIT $2
