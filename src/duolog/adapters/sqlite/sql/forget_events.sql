DELETE FROM duolog_event_tags;
DELETE FROM duolog_events;
DELETE FROM sqlite_sequence WHERE name = 'duolog_events';
