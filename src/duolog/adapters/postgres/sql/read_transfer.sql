SELECT state, other, since FROM {schema}.transfer
