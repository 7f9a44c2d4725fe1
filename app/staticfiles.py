"""Static files in development: STATIC_URL through `django.contrib.staticfiles`, everything else to Django's views."""

from urllib.parse import urlsplit
from urllib.request import url2pathname

from django.conf import settings
from django.contrib.staticfiles import utils
from django.contrib.staticfiles.views import serve
from django.core.handlers.exception import response_for_exception
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from towpath.handler.handler import AsgiHandler
from towpath.handler.view import ViewConsumer

__all__ = ["StaticFilesConsumer", "StaticFilesHandler"]


class StaticFilesHandler(AsgiHandler):
    """Serves paths below STATIC_URL, without middleware, unless it names another host.

    Raises:
        ImproperlyConfigured: STATIC_URL is not set, or clashes with MEDIA_URL.
    """

    #: The attribute by which `django.test` and receivers of `request_finished` recognise such handlers.
    handles_files = True

    def __init__(self) -> None:
        utils.check_settings()
        super().__init__()

    def get_response(self, request: HttpRequest) -> HttpResponseBase:
        base = urlsplit(settings.STATIC_URL)  # not before: Django puts the script prefix of the first request before it
        if base.netloc or not request.path.startswith(base.path):
            return super().get_response(request)
        try:
            response: HttpResponseBase = serve(request, url2pathname(request.path[len(base.path) :]), insecure=True)
        except Exception as error:  # no such file, or a path that leads outside
            response = response_for_exception(request, error)
        response._resource_closers.append(request.close)  # type: ignore[attr-defined]  # as BaseHandler does
        return response


class StaticFilesConsumer(ViewConsumer):
    """The consumer of `http.request` that also serves static files; insecure and slow, for development only."""

    handler_class = StaticFilesHandler
