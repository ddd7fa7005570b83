SELECT position FROM duolog_process_beginnings WHERE process = :process
