"""Towpath with everything on that is on by default."""

import os

from plain_settings import *  # noqa: F403

INSTALLED_APPS = ["towpath"]
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "towpath.layers.redis.RedisChannelLayer",
        "CONFIG": {"hosts": [f"redis://127.0.0.1:{os.environ['BENCH_REDIS_PORT']}/0"]},
        "ROUTING": "towpath_routing.routes",
    }
}
