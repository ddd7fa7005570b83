"""What somebody wants from a recycling assistant: a classifier with a cache, over HTTP and as a worker."""
