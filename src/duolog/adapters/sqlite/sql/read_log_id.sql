SELECT log_id FROM duolog_meta
