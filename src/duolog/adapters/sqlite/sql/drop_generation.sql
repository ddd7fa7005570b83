DELETE FROM duolog_checkpoints WHERE subscription = :subscription AND generation = :number;
DELETE FROM duolog_stretches WHERE subscription = :subscription AND generation = :number;
DELETE FROM duolog_parked WHERE subscription = :subscription AND generation = :number;
DELETE FROM duolog_generations WHERE subscription = :subscription AND number = :number;
