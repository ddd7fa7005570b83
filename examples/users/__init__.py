"""A users service: commands through interactors, queries through query services, one log between them."""
