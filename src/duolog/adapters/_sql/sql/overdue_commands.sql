SELECT count(*) FILTER (WHERE state = 'waiting' AND due_at <= :until),
    count(*) FILTER (WHERE state = 'failed'),
    coalesce(min(due_at) FILTER (WHERE state = 'waiting' AND due_at <= :until), 0),
    coalesce(max(error) FILTER (WHERE state = 'waiting' AND due_at <= :until), '')
FROM duolog_scheduled_commands WHERE due_at <= :until OR state = 'failed'
