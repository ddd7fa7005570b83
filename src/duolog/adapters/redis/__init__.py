"""Views in Valkey or Redis: keys that remember which event wrote them."""

from duolog.adapters.redis.guarded_keys import RedisGuardedKeys

__all__ = ["RedisGuardedKeys"]
