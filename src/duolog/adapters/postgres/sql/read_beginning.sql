-- $1: process
SELECT position FROM {schema}.process_beginnings WHERE process = $1
