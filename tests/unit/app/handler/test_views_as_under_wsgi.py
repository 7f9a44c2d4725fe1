"""The same request to the same view, under Django's WSGI handler and under ours, gives the same response."""

import re
from collections.abc import Callable, Iterator
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    JsonResponse,
    StreamingHttpResponse,
)
from django.test import override_settings
from django.test.client import BOUNDARY, encode_multipart
from django.urls import path, reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import condition

THIS_FILE = Path(__file__)


@csrf_exempt
def echo(request: HttpRequest) -> HttpResponse:
    files = {
        name: [[file.name, file.content_type, file.read().decode("latin-1")] for file in request.FILES.getlist(name)]
        for name in request.FILES
    }
    same = ("method", "path", "path_info", "content_type", "content_params", "COOKIES", "scheme", "encoding")
    return JsonResponse(
        {
            **{name: getattr(request, name) for name in same},
            "files": files,
            "get": dict(request.GET.lists()),
            "post": dict(request.POST.lists()),
            "urls": [request.build_absolute_uri(), request.get_full_path(), reverse("echo")],
            "host": [request.get_host(), request.is_secure(), request.META["REMOTE_ADDR"]],
            "headers": {name: value for name, value in request.headers.items() if name != "Content-Length"},
            "query": request.META["QUERY_STRING"],
        }
    )


def cookies(request: HttpRequest) -> HttpResponse:
    response = HttpResponse("two cookies", headers={"X-Note": "déjà vu"})
    response.set_cookie("one", "1", max_age=None, httponly=True, samesite="Lax")
    response.set_cookie("two", "a b;c")
    response.delete_cookie("three")
    return response


@condition(etag_func=lambda request: '"version-1"')
def conditional(request: HttpRequest) -> HttpResponse:
    return HttpResponse("a page that can be cached")


def stream(request: HttpRequest) -> StreamingHttpResponse:
    def parts() -> Iterator[Any]:
        yield "first "
        yield b""
        yield b"second " * 3
        yield 3

    return StreamingHttpResponse(parts(), content_type="text/csv")


def broken(request: HttpRequest) -> HttpResponse:
    raise LookupError("the view is broken")


def refused(request: HttpRequest) -> HttpResponse:
    from django.core.exceptions import PermissionDenied, SuspiciousOperation

    raise PermissionDenied if "permission" in request.GET else SuspiciousOperation("odd")


async def asynchronous(request: HttpRequest) -> HttpResponse:
    return HttpResponse("from an async view")


class Urls:
    urlpatterns = (
        path("echo", echo, name="echo"),
        path("cookies", cookies),
        path("conditional", conditional),
        path("stream", stream),
        path("empty-stream", lambda request: StreamingHttpResponse(())),
        path("file", lambda request: FileResponse(THIS_FILE.open("rb"), as_attachment=True)),
        path("redirect", lambda request: HttpResponseRedirect("/echo?æ=ø")),
        path("no-content", lambda request: HttpResponse(status=204)),
        path("reset", lambda request: JsonResponse({"a": "b"}, status=205)),
        path("reset-stream", lambda request: StreamingHttpResponse(repeat(b"without an end"), status=205)),
        path("no-type", lambda request: HttpResponse(b"\x00\xff", headers={"Content-Type": "application/x"})),
        path("large", lambda request: HttpResponse(b"0123456789" * 500_000)),
        path("broken", broken),
        path("refused", refused),
        path("async", asynchronous),
        path("admin/", admin.site.urls),
    )


@pytest.fixture(autouse=True)
def urls() -> Iterator[None]:
    with override_settings(ROOT_URLCONF=Urls):
        yield


REQUESTS = {
    "query string": ("GET", "/echo?a=1&a=2&b=%C3%A6&c=%FF", {}),
    "form": ("POST", "/echo", {"data": "a=1&b=%C3%A6&a=+", "content_type": "application/x-www-form-urlencoded"}),
    "multipart form": ("POST", "/echo", {"data": {"a": ["1", "2"], "b": "æ"}}),
    "json body": ("PUT", "/echo", {"data": '{"a": 1}', "content_type": "application/json"}),
    "charset of the request": ("GET", "/echo?a=%E6", {"CONTENT_TYPE": "text/plain; charset=latin-1"}),
    "form in another charset": (
        "POST", "/echo", {"data": b"a=%E6", "content_type": "application/x-www-form-urlencoded; charset=latin-1"},
    ),
    "broken multipart": ("POST", "/echo", {"data": b"nothing", "content_type": "multipart/form-data; boundary="}),
    "cookies in": ("GET", "/echo", {"headers": {"Cookie": 'a=1; b="two"; c=\u00c3\u00a6'}}),
    "many headers": ("GET", "/echo", {"headers": {"X-Forwarded-For": "1.2.3.4", "Accept": "*/*", "X-Odd": "\xe6"}}),
    "https": ("GET", "/echo", {"secure": True}),
    "script name": ("GET", "/echo", {"SCRIPT_NAME": "/site"}),
    "path in utf-8": ("GET", "/%C3%A6/", {}),
    "wrong host": ("GET", "/echo", {"headers": {"Host": "elsewhere.example"}}),
    "cookies out": ("GET", "/cookies", {}),
    "head": ("HEAD", "/cookies", {}),
    "head of a stream": ("HEAD", "/stream", {}),
    "head of a file": ("HEAD", "/file", {}),
    "conditional": ("GET", "/conditional", {}),
    "precondition": ("PUT", "/conditional", {"headers": {"If-Match": '"version-0"'}}),
    "stream": ("GET", "/stream", {}),
    "empty stream": ("GET", "/empty-stream", {}),
    "file": ("GET", "/file", {}),
    "redirect": ("GET", "/redirect", {}),
    "binary": ("GET", "/no-type", {}),
    "large": ("GET", "/large", {}),
    "async view": ("GET", "/async", {}),
    "not found": ("GET", "/nothing-here", {}),
    "csrf failure": ("POST", "/redirect", {}),
    "permission": ("GET", "/refused?permission", {}),
    "suspicious": ("GET", "/refused", {}),
    "append slash": ("GET", "/admin", {}),
    "error": ("GET", "/broken", {}),
}  # fmt: skip


@pytest.mark.parametrize("name", REQUESTS)
def test_a_view_answers_as_under_wsgi(name: str, serve_both: Callable[..., Any]) -> None:
    method, target, options = REQUESTS[name]
    expected, answer = serve_both(method, target, **options)
    assert answer == expected


def test_an_upload_arrives_as_under_wsgi(serve_both: Callable[..., Any]) -> None:
    file = SimpleUploadedFile("../a.txt", b"text \xff" * 100, "text/plain")
    body = encode_multipart(BOUNDARY, {"note": "æøå", "file": file})
    expected, answer = serve_both("POST", "/echo", data=body, content_type=f"multipart/form-data; boundary={BOUNDARY}")
    assert answer == expected
    assert b'"a.txt", "text/plain"' in answer.body


def test_a_second_get_with_the_etag_has_no_body(serve_both: Callable[..., Any]) -> None:
    expected, answer = serve_both("GET", "/conditional", headers={"If-None-Match": '"version-1"'})
    assert (answer.status, answer.body, answer.header("ETag")) == (304, b"", '"version-1"')
    assert answer.header("ETag") == expected.header("ETag")


@pytest.mark.parametrize(("target", "status"), [("/no-content", 204), ("/reset", 205)])
def test_a_response_without_content_has_no_length(serve_both: Callable[..., Any], target: str, status: int) -> None:
    _, answer = serve_both("GET", target)
    assert (answer.status, answer.body, answer.header("Content-Length")) == (status, b"", None)


def test_content_that_a_status_does_not_allow_is_not_made(serve: Callable[..., Any]) -> None:
    answer = serve("GET", "/reset-stream")
    assert (answer.status, answer.body) == (205, b"")


@pytest.mark.parametrize("target", ["/broken", "/nothing-here", "/refused"])
@override_settings(DEBUG=True)
def test_the_debug_page_is_shown_as_under_wsgi(target: str, serve_both: Callable[..., Any]) -> None:
    expected, answer = serve_both("GET", target)
    assert (answer.status, answer.header("Content-Type")) == (expected.status, expected.header("Content-Type"))
    title = re.compile(rb"<title>(.*?)</title>", re.DOTALL)
    assert title.findall(answer.body) == title.findall(expected.body) != []


def test_the_admin_asks_for_a_login_as_under_wsgi(database: None, serve_both: Callable[..., Any]) -> None:
    expected, answer = serve_both("GET", "/admin/login/")
    token = re.compile(r'(csrfmiddlewaretoken" value="|csrftoken=)\w+|expires=[^;]+')
    assert token.sub("", answer.body.decode()) == token.sub("", expected.body.decode())
    heads = [
        [(name, "" if name == "Expires" else token.sub("", value)) for name, value in response.headers]
        for response in (answer, expected)
    ]
    assert heads[0] == heads[1]
    assert answer.status == 200


def test_a_login_through_the_admin_form_sets_the_session_cookie(
    database: None, serve: Callable[..., Any], message_of: Callable[..., Any], run: Callable[..., Any]
) -> None:
    from django.contrib.auth.models import User

    User.objects.create_superuser("anna", password="secret")
    token = re.search(r"csrftoken=(\w+)", serve("GET", "/admin/login/").header("Set-Cookie"))
    assert token is not None
    form = {"username": "anna", "password": "secret", "csrfmiddlewaretoken": token[1], "next": "/admin/"}
    answer = serve("POST", "/admin/login/", data=form, headers={"Cookie": f"csrftoken={token[1]}"})
    sent = [value for name, value in answer.headers if name == "Set-Cookie"]
    assert (answer.status, answer.header("Location"), len(sent)) == (302, "/admin/", 2)
    session = next(value for value in sent if value.startswith("sessionid=")).partition(";")[0]
    assert b"Site administration" in serve("GET", "/admin/", headers={"Cookie": session}).body
