"""The views that every Django system is measured with."""

import time

from django.http import HttpRequest, HttpResponse
from django.urls import path


def hello(request: HttpRequest) -> HttpResponse:
    """Do nothing, as fast as Django can."""
    return HttpResponse("hello")


def sleep(request: HttpRequest, seconds: str) -> HttpResponse:
    """Wait as for a database: the processor is free meanwhile, the thread is not."""
    time.sleep(float(seconds))
    return HttpResponse("slept")


urlpatterns = [path("hello/", hello), path("sleep/<str:seconds>/", sleep)]
