"""Use cases: what can be asked of the service, and the ports that they need."""
