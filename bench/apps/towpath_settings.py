"""Towpath with everything on that is on by default."""

import os

from plain_settings import *  # noqa: F403

INSTALLED_APPS = ["towpath"]
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "towpath.layers.redis.RedisChannelLayer",
        "CONFIG": {"hosts": [os.environ["BENCH_REDIS_URL"]]},
        "ROUTING": "towpath_routing.routes",
    }
}
