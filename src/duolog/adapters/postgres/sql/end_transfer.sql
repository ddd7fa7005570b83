-- $1: state
DELETE FROM {schema}.transfer WHERE state = $1
