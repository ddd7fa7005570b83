SELECT secret_check FROM duolog_meta
