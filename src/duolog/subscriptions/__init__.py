"""Following the log safely: checkpoints, leases, parking, and the loop that runs them."""
