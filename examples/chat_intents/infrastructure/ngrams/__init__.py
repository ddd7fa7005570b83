"""A classifier that runs offline: logistic regression over character n-grams, in plain Python."""
