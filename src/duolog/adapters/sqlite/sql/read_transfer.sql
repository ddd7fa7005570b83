SELECT state, other, since FROM duolog_transfer
