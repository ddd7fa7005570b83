SELECT process, position FROM duolog_process_beginnings WHERE process > :process ORDER BY process LIMIT :limit
