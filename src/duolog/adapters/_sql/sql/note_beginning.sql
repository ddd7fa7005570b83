INSERT INTO duolog_process_beginnings (process, position) VALUES (:process, :position) ON CONFLICT DO NOTHING
