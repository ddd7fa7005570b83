-- $1: subscription, $2: number, $3: version, $4: role, $5: since, $6: names of tables
INSERT INTO {schema}.generations (subscription, number, version, role, since, tables) VALUES ($1, $2, $3, $4, $5, $6)
