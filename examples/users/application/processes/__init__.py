"""What follows from what happened: each process answers events with commands."""
