"""The query cache: answers kept with what the views had come to when they were read."""
