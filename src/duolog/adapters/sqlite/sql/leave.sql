DELETE FROM duolog_members WHERE owner = :owner
