"""The users service over HTTP, and the demonstration that `duolog demo` serves."""
