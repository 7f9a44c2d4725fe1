"""Mistakes in a binding are raised when it is declared, or when its consumer is routed."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import models

from towpath.apps import TowpathConfig
from towpath.binding import Binding, registry
from towpath.binding.base import BindingMetaclass
from towpath.binding.websockets import WebsocketBinding, WebsocketBindingWithMembers
from towpath.generic.websockets import WebsocketDemultiplexer
from towpath.layers.errors import ConfigurationError


def declare(base: Any = WebsocketBinding, **attributes: Any) -> Any:
    """Declare a sound binding with these attributes; None takes one out."""
    body = {
        "model": "harbour.Boat",
        "stream": "boats",
        "fields": ["name"],
        "group_names": classmethod(lambda cls, instance: []),
        **attributes,
    }
    return type("Declared", (base,), {name: value for name, value in body.items() if value is not None})


@pytest.mark.parametrize(
    ("attributes", "error"),
    [
        ({"model": None}, r"Declared has no model: write model = TheModel, or model = None in its own body"),
        ({"model": "Boat"}, r"Declared.model is 'Boat': give a model or \"app.Model\""),
        ({"model": "harbour.Submarine"}, r"Declared.model is 'harbour.Submarine': give a model"),
        ({"model": 5}, r"is a model that has a table, or \"app.Model\", not 5"),
        ({"model": models.Model}, r"is a model that has a table"),
        ({"model": "harbour.Proxied"}, r"is the proxy Proxied: bind Boat, whose changes are seen through whatever"),
        ({"fields": None}, r"Declared has neither fields nor exclude: give one of them, for instance fields = "),
        ({"exclude": ["id"]}, r"Declared has both fields and exclude: give one of them"),
        ({"fields": "name"}, r"Declared.fields is a list of names of fields, not 'name'"),
        ({"fields": None, "exclude": 5}, r"Declared.exclude is a list of names of fields, not 5"),
        ({"fields": ["nam"]}, r"Declared.fields names 'nam', which it does not have: the fields of harbour.Boat are"),
        ({"fields": ["__all__", "name"]}, r"names '__all__', which it does not have"),
        ({"fields": None, "exclude": ["nam"]}, r"Declared.exclude names 'nam', which it does not have"),
        ({"fields": ["berth"]}, r"names 'berth', which is not a field that Django serializes"),
        (
            {"model": "harbour.Berth", "fields": ["boats"]},
            r"names 'boats', which is not a field that Django serializes",
        ),
        ({"fields": [5]}, r"Declared.fields names 5, which it does not have"),
        ({"stream": None}, r"Declared.stream is None: name its stream"),
        ({"stream": ""}, r"Declared.stream is ''"),
        ({"slight_ordering": True}, r"Declared.slight_ordering was removed: take it out"),
        ({"group_names": None}, r"Declared does not define group_names"),
        ({"base": Binding, "group_names": None}, r"Declared does not define group_names, serialize, encode"),
        ({"base": WebsocketBindingWithMembers, "send_members": "label"}, r"Declared.send_members is a list of names"),
        ({"base": WebsocketBindingWithMembers, "send_members": [5]}, r"such as .*harbour.name.*, not \[5\]"),
    ],
)
def test_a_wrong_attribute_is_an_error(attributes: Any, error: str) -> None:
    with pytest.raises(ConfigurationError, match=error):
        declare(**attributes)
    assert registry.registered == {}


def test_an_error_is_a_value_error_as_in_1x() -> None:
    with pytest.raises(ValueError, match="neither fields nor exclude"):
        declare(fields=None)


def test_a_model_of_none_in_the_own_body_means_abstract(harbour: Any) -> None:
    class Abstract(WebsocketBinding):
        model = None
        fields = ["name"]

        @classmethod
        def group_names(cls, instance: Any) -> list[str]:
            return []

    class Concrete(Abstract):
        model = "harbour.Boat"
        stream = "boats"

    class Heir(Concrete):
        stream = "more boats"

    assert registry.registered == {harbour.Boat: [Concrete, Heir]}
    assert (Concrete.model, Concrete.model_label) == (harbour.Boat, "harbour.boat")


@pytest.fixture
def starting() -> Iterator[None]:
    """Django as it is while models are still imported."""
    before = BindingMetaclass.register_immediately
    apps.models_ready = apps.ready = False
    BindingMetaclass.register_immediately = False
    yield
    apps.models_ready = apps.ready = True
    BindingMetaclass.register_immediately = before
    registry.waiting.clear()


def test_bindings_wait_until_the_models_are_there(harbour: Any, starting: None) -> None:
    binding = declare()
    assert registry.registered == {}
    apps.models_ready = True
    TowpathConfig("towpath", __import__("towpath")).ready()
    assert registry.registered == {harbour.Boat: [binding]}
    declare()
    assert len(registry.registered[harbour.Boat]) == 2, "the ready() of a later application declares one"


def test_modules_called_bindings_are_imported_at_start(
    harbour: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """In 1.x a process that did not import the routing, such as a WSGI server, told of no changes."""
    import sys

    (tmp_path / "bindings.py").write_text(
        "from towpath.binding.websockets import WebsocketBinding\n"
        "class Found(WebsocketBinding):\n"
        "    model, stream, fields = 'harbour.Boat', 'boats', ['name']\n"
        "    @classmethod\n"
        "    def group_names(cls, instance):\n"
        "        return []\n"
    )
    monkeypatch.setattr(sys.modules["harbour"], "__path__", [*sys.modules["harbour"].__path__, str(tmp_path)])
    TowpathConfig("towpath", __import__("towpath")).ready()
    assert [binding.__name__ for binding in registry.registered[harbour.Boat]] == ["Found"]
    del sys.modules["harbour.bindings"]


def test_models_that_are_defined_later_are_seen_too(harbour: Any, groups: Any) -> None:
    declare(group_names=classmethod(lambda cls, instance: ["boats"]))
    meta = type("Meta", (), {"proxy": True, "app_label": "harbour"})
    late = type("Late", (harbour.Boat,), {"__module__": __name__, "Meta": meta})
    try:
        late.objects.create(name="Ada")
        assert [group for group, *_ in groups.actions()] == ["boats"]
    finally:
        del apps.all_models["harbour"]["late"]
        apps.clear_cache()


def routed(consumers: Any) -> Any:
    """Route a demultiplexer with these streams."""
    return type("Streams", (WebsocketDemultiplexer,), {"consumers": consumers}).as_route()  # type: ignore[attr-defined]


def test_a_consumer_of_a_wrong_stream_is_an_error_when_it_is_routed() -> None:
    permitting = declare(has_permission=lambda self, user, action, pk: True)
    assert routed({"boats": permitting.consumer})
    with pytest.raises(ConfigurationError, match=r"sends on the stream 'boats', and is the consumer of 'ships'"):
        routed({"ships": permitting.consumer})
    with pytest.raises(ConfigurationError, match=r"Declared is not a consumer: write \{'boats': Declared.consumer\}"):
        routed({"boats": permitting})
    with pytest.raises(ConfigurationError, match=r"takes changes from clients: define has_permission\(self, user"):
        routed({"boats": declare().consumer})
