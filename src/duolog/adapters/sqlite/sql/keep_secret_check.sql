UPDATE duolog_meta SET secret_check = :secret_check WHERE secret_check = ''
