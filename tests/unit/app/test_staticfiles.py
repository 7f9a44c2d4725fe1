"""Static files through `StaticFilesConsumer`, as `runserver` and a worker in DEBUG mode serve them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.test import override_settings
from django.urls import path

from towpath.channels import Message
from towpath.layers.contract import Content
from towpath.staticfiles import StaticFilesConsumer

Get = Callable[..., list[Content]]


class Urls:
    urlpatterns = (path("page", lambda request: HttpResponse("a page")),)


@pytest.fixture
def get(message_of: Callable[..., Message], run: Callable[..., list[Content]], tmp_path: Path) -> Any:
    (tmp_path / "style.css").write_text("a { color: red }")

    def get_one(target: str, **options: Any) -> list[Content]:
        from django.contrib.staticfiles.finders import get_finder

        get_finder.cache_clear()
        with override_settings(ROOT_URLCONF=Urls, STATICFILES_DIRS=[str(tmp_path)], DEBUG=False):
            return run(message_of("GET", target, **options), StaticFilesConsumer())

    return get_one


def test_a_static_file_is_served(get: Get) -> None:
    sent = get("/static/style.css")
    assert b"".join(content["content"] for content in sent) == b"a { color: red }"
    assert [b"Content-Type", b"text/css"] in sent[0]["headers"]


def test_a_static_file_that_has_not_changed_is_not_sent_again(get: Get) -> None:
    headers = {name.decode(): value.decode() for name, value in get("/static/style.css")[0]["headers"]}
    [reply] = get("/static/style.css", headers={"If-Modified-Since": headers["Last-Modified"]})
    assert (reply["status"], reply["content"]) == (304, b"")


def test_a_file_of_an_app_is_found(get: Get) -> None:
    assert get("/static/admin/css/base.css")[0]["status"] == 200


def test_a_missing_file_is_not_found(get: Get) -> None:
    assert get("/static/nothing.css")[0]["status"] == 404


def test_files_outside_are_not_served(get: Get) -> None:
    assert get("/static/../../etc/passwd")[0]["status"] in (400, 404)


def test_other_paths_go_to_django(get: Get) -> None:
    assert get("/page")[0]["content"] == b"a page"


@override_settings(STATIC_URL="https://cdn.example/static/")
def test_files_on_another_host_are_not_ours(get: Get) -> None:
    assert get("/static/style.css")[0]["status"] == 404


@override_settings(STATIC_URL=None)
def test_static_url_has_to_be_set(get: Get) -> None:
    with pytest.raises(ImproperlyConfigured):
        get("/static/style.css")
