DELETE FROM duolog_transfer WHERE state = :state
