"""The Redis layer does what every layer must, with messages in clear and encrypted."""

from typing import Any

import pytest

from towpath.layers import conformance
from towpath.layers.redis import RedisChannelLayer


class RedisLayerTests(conformance.ConformanceTestCase):
    url: str

    @pytest.fixture(autouse=True)
    def _redis(self, redis_url: str) -> None:
        self.url = redis_url

    def make_layer(self, **options: Any) -> RedisChannelLayer:
        return RedisChannelLayer(hosts=[self.url], prefix="conformance:", **options)


class EncryptedRedisLayerTests(RedisLayerTests):
    def make_layer(self, **options: Any) -> RedisChannelLayer:
        keys = ["new key", "old key"]
        return RedisChannelLayer(hosts=[self.url], prefix="sealed:", symmetric_encryption_keys=keys, **options)
