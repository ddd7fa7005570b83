DELETE FROM duolog_meta WHERE log_id = 'settling'
