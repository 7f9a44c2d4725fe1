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
        "CONFIG": {"hosts": [os.environ["BENCH_REDIS_URL"]]},
    }
}
