"""The layer for an interface server: `towpath-interface liveblog.asgi:channel_layer`."""

import os

from towpath import get_channel_layer

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "liveblog.settings")

channel_layer = get_channel_layer()
