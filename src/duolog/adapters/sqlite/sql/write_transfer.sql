INSERT INTO duolog_transfer (only_row, state, other, since, door) VALUES (1, :state, :other, :now, 'shut')
ON CONFLICT (only_row) DO UPDATE
SET state = excluded.state, other = excluded.other, since = excluded.since, door = excluded.door
