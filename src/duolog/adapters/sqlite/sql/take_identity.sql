UPDATE duolog_meta SET log_id = :log_id, secret_check = :secret_check
