"""The views of every Django system."""

import time

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt


def hello(request: HttpRequest) -> HttpResponse:
    """Return a short page."""
    return HttpResponse("hello")


def sleep(request: HttpRequest, seconds: str) -> HttpResponse:
    """Sleep, as a view that waits for a database: the processor is free meanwhile, the thread is not."""
    time.sleep(float(seconds))
    return HttpResponse("slept")


def upload(request: HttpRequest) -> HttpResponse:
    """Read the whole body."""
    return HttpResponse(str(len(request.body)))


def download(request: HttpRequest) -> StreamingHttpResponse:
    """Stream a mebibyte: more than the system keeps of it for a client that does not read."""
    return StreamingHttpResponse(b"x" * 65536 for _ in range(16))


urlpatterns = [
    path("hello/", hello),
    path("sleep/<str:seconds>/", sleep),
    path("upload/", csrf_exempt(upload)),
    path("download/", download),
]
