"""Channels 4 with one of its two layers."""

import os

from plain_settings import *  # noqa: F403

INSTALLED_APPS = ["channels"]
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": {
            "core": "channels_redis.core.RedisChannelLayer",
            "pubsub": "channels_redis.pubsub.RedisPubSubChannelLayer",
        }[os.environ["BENCH_LAYER"]],
        "CONFIG": {"hosts": [f"redis://127.0.0.1:{os.environ['BENCH_REDIS_PORT']}/0"]},
    }
}
