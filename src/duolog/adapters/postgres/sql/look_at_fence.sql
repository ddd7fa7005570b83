-- $1 a settled position
SELECT drawn, holders, top, run, era, timeline FROM {schema}.look_at_fence($1)
