INSERT INTO duolog_process_beginnings (process, position) VALUES (?, ?)
