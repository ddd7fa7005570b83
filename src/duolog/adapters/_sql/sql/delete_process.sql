DELETE FROM duolog_process_states WHERE process = :process AND tenant = :tenant AND key = :key AND stamp = :before
