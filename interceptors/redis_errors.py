"""What is raised when a Redis-protocol server cannot be used."""

from redis.exceptions import RedisError

SERVER_AWAY = (RedisError, OSError, RuntimeError)
"""RuntimeError is what uvloop says of a connection that is closed already; redis-py passes it on."""
