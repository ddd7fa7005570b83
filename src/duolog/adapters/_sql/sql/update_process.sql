UPDATE duolog_process_states
SET stamp = :stamp, version = :version, state = :state, deadlines = :deadlines, updated_at = :now
WHERE process = :process AND tenant = :tenant AND key = :key AND stamp = :before
