DELETE FROM duolog_scheduled_commands;
DELETE FROM duolog_process_states;
DELETE FROM duolog_process_beginnings;
