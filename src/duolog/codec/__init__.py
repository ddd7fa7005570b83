"""Events to bytes and back: type registry, payload rules, upcasting."""
