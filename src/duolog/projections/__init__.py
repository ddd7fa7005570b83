"""Read models kept up to date from the log: projections and the tables that they own."""
