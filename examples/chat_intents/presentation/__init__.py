"""The service over HTTP, and as a worker."""
