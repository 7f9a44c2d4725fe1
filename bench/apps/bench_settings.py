"""The settings of all Django systems: no middleware, no database, DEBUG off. `BENCH_SYSTEM` names the system."""

import os
from typing import Any

SYSTEM = os.environ.get("BENCH_SYSTEM", "django")

SECRET_KEY = "only-for-measuring"
DEBUG = False
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "pushpin_urls" if SYSTEM == "pushpin" else "bench_urls"
MIDDLEWARE: list[str] = []
INSTALLED_APPS: list[str] = []
CHANNEL_LAYERS: dict[str, dict[str, Any]] = {}

if SYSTEM == "channels":
    CHANNELS_BACKENDS = {
        "core": "channels_redis.core.RedisChannelLayer",
        "pubsub": "channels_redis.pubsub.RedisPubSubChannelLayer",
    }
    INSTALLED_APPS = ["channels"]
    CHANNEL_LAYERS["default"] = {
        "BACKEND": CHANNELS_BACKENDS[os.environ["BENCH_LAYER"]],
        "CONFIG": {"hosts": [os.environ["BENCH_REDIS_URL"]]},
    }
elif SYSTEM == "towpath":
    INSTALLED_APPS = ["towpath"]
    CHANNEL_LAYERS["default"] = {
        "BACKEND": "towpath.layers.redis.RedisChannelLayer",
        "CONFIG": {"hosts": [os.environ["BENCH_REDIS_URL"]]},
        "ROUTING": "towpath_routing.routes",
    }
