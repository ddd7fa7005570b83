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
