"""Towpath with everything on that is on by default, and the consumers of the soak."""

from bench_settings import *  # noqa: F403
from bench_settings import CHANNEL_LAYERS

CHANNEL_LAYERS["default"]["ROUTING"] = "soak_routing.routes"
