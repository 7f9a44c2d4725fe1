"""Django's request handler for messages: request, middleware, view, and the resulting reply messages.

One handler serves all threads of a worker. It only returns messages; `view` sends them.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any
from weakref import ref

from asgiref.sync import iscoroutinefunction
from django.core.handlers.base import BaseHandler
from django.core.signals import request_started
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.http.response import HttpResponseBase
from django.urls import get_script_prefix, set_script_prefix

from towpath.channels import Message, RequestAborted, ResponseLater
from towpath.layers.client_log import ClientLog, excerpt
from towpath.layers.contract import Content

from .asynchronous import ending_with_its_client
from .environment import script_name
from .request import AsgiRequest
from .response import CHUNK_BYTES, HttpResponseLater, last_resort_response, replies

logger = logging.getLogger("django.request")
bad_requests = ClientLog(logger)

View = Callable[..., HttpResponseBase]


class AsgiHandler(BaseHandler):
    """Turns an `http.request` message into the messages of its response; loads the middleware once, when it is made."""

    request_class = AsgiRequest
    #: The longest part of a body in one message, in bytes.
    chunk_size = CHUNK_BYTES

    def __init__(self) -> None:
        super().__init__()
        self.load_middleware()

    def __call__(self, message: Message) -> Iterator[Content]:
        """Yield the messages of the response; none if other code sends it, or the client has left.

        An error before the first message is yielded as an error page, and then raised.
        """
        with self.responding(message) as response:
            yield from self.contents(response, message.content["method"].upper())

    @contextmanager
    def responding(self, message: Message) -> Iterator[HttpResponseBase]:
        """Yield the response, and close it at the end."""
        with _script_prefix(message):
            response = self._response_to(message)
            try:
                yield response
            finally:
                response.close()

    def contents(self, response: HttpResponseBase, method: str) -> Iterator[Content]:
        """Yield the messages of a response; an error before the first one is yielded as a page and raised."""
        is_started = False
        try:
            for content in self.encode_response(response, method):
                is_started = True
                yield content
        except Exception:
            if not is_started:
                yield from replies(last_resort_response(), "GET")
            raise

    @classmethod
    def encode_response(cls, response: HttpResponseBase, method: str = "GET") -> Iterator[Content]:
        """Yield the messages of a response."""
        return iter(()) if isinstance(response, HttpResponseLater) else replies(response, method, cls.chunk_size)

    def _response_to(self, message: Message) -> HttpResponseBase:
        request = self._request_of(message)
        try:
            environ = {} if request is None else request.META
            request_started.send(sender=type(self), environ=environ, message=message)
            response = HttpResponseBadRequest() if request is None else self._answer(request)
        except (Exception, SystemExit) as error:  # as a WSGI server does for what leaves the middleware
            extra = {"request": request, "status_code": 500}
            logger.exception(
                "Internal Server Error: %s: %s", excerpt(message["path"], 200), type(error).__name__, extra=extra
            )
            response = last_resort_response()
            if request is not None:
                response._resource_closers.append(request.close)  # type: ignore[attr-defined]  # as BaseHandler does
        response._handler_class = type(self)  # type: ignore[attr-defined]  # the sender of request_finished
        return response

    def _request_of(self, message: Message) -> AsgiRequest | None:
        try:
            request = self.request_class(message)
        except UnicodeDecodeError:
            bad_requests.log(logging.WARNING, "Bad Request: the query string is not UTF-8")
            return None
        vars(message)["_request"] = ref(request)  # for log lines; the request refers to the message
        return request

    def _answer(self, request: AsgiRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.body_failure is not None and response.status_code >= 400:
            return _response_to_failed_body(request, response)
        if isinstance(response, FileResponse) and response.block_size == FileResponse.block_size:
            response.block_size = self.chunk_size
        return response

    def make_view_atomic(self, view: View) -> View:
        """Let ATOMIC_REQUESTS commit the changes of a view that raises ResponseLater, which is not a failure.

        An asynchronous view is made a synchronous one here, which ends when its client leaves.
        """
        atomic_view: View = super().make_view_atomic(view)
        if iscoroutinefunction(atomic_view):
            return ending_with_its_client(atomic_view)
        if atomic_view is view:
            return view
        return super().make_view_atomic(_returning_later(view))

    def adapt_method_mode(self, is_async: bool, method: Any, *args: Any, **kwargs: Any) -> Any:
        """Make asynchronous middleware synchronous, as Django does; it ends when its client leaves."""
        adapted = super().adapt_method_mode(is_async, method, *args, **kwargs)
        return adapted if is_async or adapted is method else ending_with_its_client(method)

    def _get_response(self, request: HttpRequest) -> Any:
        """Run the view; `raise ResponseLater` in it is caught here, inside the innermost middleware."""
        try:
            return super()._get_response(request)  # type: ignore[misc]  # not in django-stubs
        except ResponseLater:
            return HttpResponseLater()


def _returning_later(view: View) -> View:
    @wraps(view)
    def later(*args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(*args, **kwargs)
        except ResponseLater:
            return HttpResponseLater()

    return later


def _response_to_failed_body(request: AsgiRequest, response: HttpResponseBase) -> HttpResponseBase:
    if isinstance(request.body_failure, RequestAborted):
        answer: HttpResponse = HttpResponseLater()
    else:
        answer = HttpResponse("Request Timeout", status=408, content_type="text/plain")
    closers = response._resource_closers  # type: ignore[attr-defined]
    answer._resource_closers.extend(closers)  # type: ignore[attr-defined]
    return answer


@contextmanager
def _script_prefix(message: Message) -> Iterator[None]:
    """Set the script prefix for `reverse`, and restore the thread's own afterwards."""
    before, mount = get_script_prefix(), script_name(message.content) + "/"
    if mount == before:
        yield
        return
    set_script_prefix(mount)
    try:
        yield
    finally:
        set_script_prefix(before)
