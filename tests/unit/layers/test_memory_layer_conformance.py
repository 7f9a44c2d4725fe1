"""The memory layer does what every layer must."""

from typing import Any

from towpath.layers import conformance
from towpath.layers.memory import MemoryChannelLayer


class MemoryLayerTests(conformance.ConformanceTestCase):
    expiry_delay = 0.1

    def make_layer(self, **options: Any) -> MemoryChannelLayer:
        return MemoryChannelLayer(**options)
