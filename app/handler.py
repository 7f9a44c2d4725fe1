"""The bridge from `http.request` to Django's views, under the import path of 1.x."""

from towpath.consumers.http import AsgiHandler, AsgiRequest, HttpResponseLater, ViewConsumer

__all__ = ["AsgiHandler", "AsgiRequest", "HttpResponseLater", "ViewConsumer"]
