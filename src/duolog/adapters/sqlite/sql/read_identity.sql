SELECT log_id, secret_check FROM duolog_meta
