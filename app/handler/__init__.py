"""The bridge from `http.request` messages to Django's views."""

from .handler import AsgiHandler
from .request import AsgiRequest
from .response import HttpResponseLater
from .view import ViewConsumer

__all__ = ["AsgiHandler", "AsgiRequest", "HttpResponseLater", "ViewConsumer"]
