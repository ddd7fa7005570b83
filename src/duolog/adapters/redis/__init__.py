"""Views and cached answers in Valkey or Redis."""

from duolog.adapters.redis.cache import RedisCache
from duolog.adapters.redis.guarded_keys import RedisGuardedKeys

__all__ = ["RedisCache", "RedisGuardedKeys"]
