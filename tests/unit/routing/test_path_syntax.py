"""Django's paths beside regular expressions: which is which, what they match, and what is wrong at once."""

import re
from uuid import UUID

import pytest
from django.urls import converters

from towpath.routing import Router, RoutingError, include, route
from towpath.routing import filters as filters_module


def consumer(message, **kwargs):
    """Stand for a consumer."""


@pytest.fixture
def match(message):
    """Return a function that tells the keyword arguments for a path, or None: `match("/<int:n>/", "/5/")`."""

    def match(path, value, prefix=None):
        inner = [route("websocket.connect", consumer, path=path)]
        router = Router(inner if prefix is None else [include(inner, path=prefix)])
        found = router.match(message("websocket.connect", path=value))
        return None if found is None else found.kwargs

    return match


@pytest.mark.parametrize(
    ("path", "value", "kwargs"),
    [
        ("/chat/<slug:room>/", "/chat/tea-room/", {"room": "tea-room"}),
        ("/chat/<room>/", "/chat/tea room/", {"room": "tea room"}),
        ("/chat/<str:room>/", "/chat/a/b/", None),
        ("/day/<int:number>/", "/day/007/", {"number": 7}),
        ("/day/<int:number>/", "/day/seven/", None),
        ("/files/<path:name>", "/files/a/b.txt", {"name": "a/b.txt"}),
        ("/<int:year>/<slug:title>", "/2026/tea", {"year": 2026, "title": "tea"}),
        (
            "/u/<uuid:user>/",
            "/u/075194d3-6885-417e-a8a8-6c931e272f00/",
            {"user": UUID("075194d3-6885-417e-a8a8-6c931e272f00")},
        ),
    ],
)
def test_a_path_converts_its_parameters(match, path, value, kwargs):
    assert match(path, value) == kwargs


@pytest.mark.parametrize("value", ["/chat/a/more", "/chat/a", "/x/chat/a/", "/chat/a/\n"])
def test_a_path_matches_the_whole_value(match, value):
    assert match("/chat/<slug:room>/", value) is None


def test_characters_without_meaning_in_an_expression_stand_for_themselves(match):
    assert match("/v1.0/<slug:room>~,;:@=&'!", "/v1.0/a~,;:@=&'!") == {"room": "a"}
    assert match("/v1.0/<slug:room>", "/v1x0/a") is None


@pytest.mark.parametrize(
    ("expression", "value", "kwargs"),
    [
        (r"^/chat/(?P<room>\w+)/$", "/chat/a/", {"room": "a"}),
        (r"^/chat/(?P<room>\w+)(?<=a)/", "/chat/a/more", {"room": "a"}),
        (r"^/chat/(?P<room>\w+)(?<!b)/", "/chat/b/", None),
        (r"^/(?P<a>\w)(?P=a)", "/xx", {"a": "x"}),
        ("/chat/", "/chat/anything", {}),
        (r"/\<(?P<tag>\w+)>", "/<b>", {"tag": "b"}),
        (rb"^/\<b>", "/<b>", {}),
    ],
)
def test_everything_without_a_parameter_is_a_regular_expression(match, expression, value, kwargs):
    assert match(expression, value) == kwargs


def test_only_the_filter_path_may_be_a_path(message):
    found = route("chat", consumer, text="<b>(?P<text>.*)</b>")
    assert found.match(message("chat", text="<b>tea</b>")).kwargs == {"text": "tea"}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("^/a/<slug:b>/$", "mixes .* ($ ^): write the path '/a/<slug:b>/', or .* r'^/a/(?P<b>[-a-zA-Z0-9_]+)/$'; "),
        (r"/(?P<a>\d+)/<b>/", r"mixes .*: write the regular expression r'/(?P<a>\d+)/(?P<b>[^/]+)/'; .* own is \<"),
        ("/a/<slug:b", "has a < or > that closes nothing: write <slug:room>"),
        ("/a/<slug:b>>", "has a < or > that closes nothing"),
        ("/a/<>/", "'<>' names no keyword argument: write <slug:room>"),
        ("/a/<slug:>/", "'<slug:>' names no keyword argument"),
        ("/a/<slug: b>/", "'<slug: b>' names no keyword argument"),
        ("/a/<int:1st>/", "'<int:1st>' names no keyword argument"),
        ("/a/<slgu:b>/", "unknown converter 'slgu': there are int, path, slug, str, uuid; register one"),
        ("/a/<:b>/", "unknown converter ''"),
        ("/<int:a>/<slug:a>/", "has two parameters 'a': give each a name of its own"),
        (b"/a/<slug:b>/", r"bytes are a regular expression, .*: write '/a/<slug:b>/'; .* own is \<"),
        ("a/<slug:b>/", "the path 'a/<slug:b>/' matches nothing: paths begin with a slash, '/a/<slug:b>/'"),
        ("<slug:b>/", "matches nothing: paths begin with a slash, '/<slug:b>/'"),
    ],
)
def test_a_wrong_path_is_an_error_at_start_that_says_what_to_write(path, text):
    pattern = ".*".join(map(re.escape, text.split(".*")))
    with pytest.raises(RoutingError, match=pattern) as caught:
        Router([include([route("websocket.connect", consumer, path=path)])])
    assert "route('websocket.connect'" in str(caught.value)


def test_what_is_written_instead_is_right(match):
    assert match("/a/<slug:b>/", "/a/tea/") == match("^/a/(?P<b>[-a-zA-Z0-9_]+)/$", "/a/tea/") == {"b": "tea"}


@pytest.mark.parametrize(
    ("prefix", "inner", "value", "kwargs"),
    [
        ("/sites/<int:site>", "/<slug:room>/", "/sites/4/tea/", {"site": 4, "room": "tea"}),
        ("/sites/<int:site>/", "<slug:room>/", "/sites/4/tea/", {"site": 4, "room": "tea"}),
        (r"^/sites/(?P<site>\d+)", "/<slug:room>/", "/sites/4/tea/", {"site": "4", "room": "tea"}),
        ("/sites/<int:site>", r"^/(?P<room>\w+)/$", "/sites/4/tea/", {"site": 4, "room": "tea"}),
        ("/sites/<int:site>", "/<int:site>", "/sites/4/5", {"site": 5}),
        ("/sites/<int:site>", "/<slug:room>/", "/sites/4/tea/more", None),
        ("/sites/<int:site>", "/<slug:room>/", "/site/4/tea/", None),
        ("/sites", "/<slug:room>/", "/sites/tea/", {"room": "tea"}),
    ],
)
def test_prefixes_may_be_paths_or_expressions_and_so_may_what_is_behind_them(match, prefix, inner, value, kwargs):
    assert match(inner, value, prefix) == kwargs


def test_a_prefix_needs_its_slash_too():
    with pytest.raises(RoutingError, match=r"<include\(\[...\]\)>: the path 'sites/<int:site>' matches nothing"):
        Router([include([route("a", consumer)], path="sites/<int:site>")])


def test_an_added_route_is_checked_as_the_others_are():
    with pytest.raises(RoutingError, match="matches nothing"):
        Router([]).add_route(route("a", consumer, path="<slug:room>/"))


class EvenConverter:
    regex = "[0-9]+"

    def to_python(self, value):
        number = int(value)
        if number % 2:
            raise ValueError
        return number

    def to_url(self, value):
        return str(value)


class GroupConverter(EvenConverter):
    regex = "(?P<inner>[0-9]+)"


class BrokenConverter(EvenConverter):
    regex = "("


@pytest.fixture
def own_converters(monkeypatch):
    """Converters of a project, for one test."""
    own = {"even": EvenConverter(), "group": GroupConverter(), "broken": BrokenConverter()}
    monkeypatch.setattr("towpath.routing.path_syntax.get_converters", lambda: converters.DEFAULT_CONVERTERS | own)
    monkeypatch.setattr("django.urls.resolvers.get_converters", lambda: converters.DEFAULT_CONVERTERS | own)


def test_a_project_has_converters_of_its_own_which_may_refuse(own_converters, match):
    assert match("/even-a/<even:n>/", "/even-a/4/") == {"n": 4}
    assert match("/even-a/<even:n>/", "/even-a/5/") is None
    assert match("/x", "/even-b/5/x", prefix="/even-b/<even:n>") is None
    assert match("/x", "/even-b/6/x", prefix="/even-b/<even:n>") == {"n": 6}


@pytest.mark.parametrize(
    ("path", "text"),
    [("/g/<group:n>", r"has named groups of its own: use \(\?:...\)"), ("/b/<broken:n>", "cannot be used: missing")],
)
def test_a_converter_that_cannot_work_is_an_error_at_start(own_converters, path, text):
    with pytest.raises(RoutingError, match=text):
        route("a", consumer, path=path)


def test_nothing_is_compiled_when_a_message_comes(match, message, monkeypatch):
    found = route("a", consumer, path="/compiled-once/<int:n>/")
    monkeypatch.setattr(filters_module, "_compile", None)
    monkeypatch.setattr(re, "compile", None)
    assert found.match(message("a", path="/compiled-once/1/")).kwargs == {"n": 1}
