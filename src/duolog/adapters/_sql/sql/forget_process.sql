DELETE FROM duolog_scheduled_commands WHERE id IN (
    SELECT deadline.value FROM duolog_process_states AS stored, json_each(stored.deadlines) AS deadline
    WHERE stored.process = :process
);
DELETE FROM duolog_process_states WHERE process = :process;
DELETE FROM duolog_process_beginnings WHERE process = :process;
