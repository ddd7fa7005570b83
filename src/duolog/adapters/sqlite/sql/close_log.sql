-- Also for processes that have the file open: these triggers are all that a closed log costs an open one.
CREATE TRIGGER IF NOT EXISTS duolog_closed_events BEFORE INSERT ON duolog_events
WHEN (SELECT door FROM duolog_transfer) = 'shut'
BEGIN SELECT RAISE(ABORT, 'duolog: the log is closed'); END;
CREATE TRIGGER IF NOT EXISTS duolog_closed_idempotency BEFORE INSERT ON duolog_idempotency
WHEN (SELECT door FROM duolog_transfer) = 'shut'
BEGIN SELECT RAISE(ABORT, 'duolog: the log is closed'); END;
CREATE TRIGGER IF NOT EXISTS duolog_closed_new_checkpoints BEFORE INSERT ON duolog_checkpoints
WHEN (SELECT door FROM duolog_transfer) = 'shut'
BEGIN SELECT RAISE(ABORT, 'duolog: the log is closed'); END;
CREATE TRIGGER IF NOT EXISTS duolog_closed_checkpoints BEFORE UPDATE ON duolog_checkpoints
WHEN (SELECT door FROM duolog_transfer) = 'shut'
BEGIN SELECT RAISE(ABORT, 'duolog: the log is closed'); END;
CREATE TRIGGER IF NOT EXISTS duolog_closed_new_leases BEFORE INSERT ON duolog_leases
WHEN (SELECT door FROM duolog_transfer) = 'shut'
BEGIN SELECT RAISE(ABORT, 'duolog: the log is closed'); END;
CREATE TRIGGER IF NOT EXISTS duolog_closed_leases BEFORE UPDATE ON duolog_leases
WHEN (SELECT door FROM duolog_transfer) = 'shut'
BEGIN SELECT RAISE(ABORT, 'duolog: the log is closed'); END;
CREATE TRIGGER IF NOT EXISTS duolog_closed_new_commands BEFORE INSERT ON duolog_scheduled_commands
WHEN (SELECT door FROM duolog_transfer) = 'shut'
BEGIN SELECT RAISE(ABORT, 'duolog: the log is closed'); END;
CREATE TRIGGER IF NOT EXISTS duolog_closed_commands BEFORE UPDATE ON duolog_scheduled_commands
WHEN (SELECT door FROM duolog_transfer) = 'shut'
BEGIN SELECT RAISE(ABORT, 'duolog: the log is closed'); END;
CREATE TRIGGER IF NOT EXISTS duolog_closed_old_commands BEFORE DELETE ON duolog_scheduled_commands
WHEN (SELECT door FROM duolog_transfer) = 'shut'
BEGIN SELECT RAISE(ABORT, 'duolog: the log is closed'); END;
CREATE TRIGGER IF NOT EXISTS duolog_closed_new_processes BEFORE INSERT ON duolog_process_states
WHEN (SELECT door FROM duolog_transfer) = 'shut'
BEGIN SELECT RAISE(ABORT, 'duolog: the log is closed'); END;
CREATE TRIGGER IF NOT EXISTS duolog_closed_processes BEFORE UPDATE ON duolog_process_states
WHEN (SELECT door FROM duolog_transfer) = 'shut'
BEGIN SELECT RAISE(ABORT, 'duolog: the log is closed'); END;
CREATE TRIGGER IF NOT EXISTS duolog_closed_old_processes BEFORE DELETE ON duolog_process_states
WHEN (SELECT door FROM duolog_transfer) = 'shut'
BEGIN SELECT RAISE(ABORT, 'duolog: the log is closed'); END;
CREATE TRIGGER IF NOT EXISTS duolog_closed_beginnings BEFORE INSERT ON duolog_process_beginnings
WHEN (SELECT door FROM duolog_transfer) = 'shut'
BEGIN SELECT RAISE(ABORT, 'duolog: the log is closed'); END;
