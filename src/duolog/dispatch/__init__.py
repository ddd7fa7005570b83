"""The mediator: bindings, the pipeline that is built once at start, and its middleware."""
