"""The changes that clients can make to a bound model by frames."""

import json
import logging
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from towpath.binding import Binding
from towpath.binding.websockets import WebsocketBinding
from towpath.layers.contract import GroupSend
from towpath.layers.errors import ConfigurationError


@pytest.fixture
def bound(harbour: Any, groups: Any) -> Any:
    """Clients may set name, dock, crew and owner; `asked` has what they wanted, `refusals` what was not done."""

    class BoatBinding(WebsocketBinding):
        model = harbour.Boat
        stream = "boats"
        fields = ["id", "name", "dock", "crew", "owner", "created", "launched", "photo"]
        asked: list[Any] = []
        refusals: list[Any] = []

        @classmethod
        def group_names(cls, instance: Any) -> list[str]:
            return ["boats"]

        def has_permission(self, user: Any, action: str, pk: Any) -> bool:
            self.asked.append((user.is_authenticated, action, pk))
            return pk != 0

        def refused(self, action: str, pk: Any, error: Any) -> None:
            super().refused(action, pk, error)
            self.refusals.append((action, pk, None if error is None else error.message_dict))

    return BoatBinding


def test_a_client_creates_updates_and_deletes(bound: Any, harbour: Any, frame: Any) -> None:
    sent = frame(bound.consumer, {"action": "create", "data": {"name": "Ada", "launched": "2026-05-01"}})
    boat = harbour.Boat.objects.get()
    assert (boat.name, str(boat.launched)) == ("Ada", "2026-05-01")
    frame(bound.consumer, {"action": "update", "pk": boat.pk, "data": {"dock": "south"}})
    boat.refresh_from_db()
    assert (boat.name, boat.dock) == ("Ada", "south")
    frame(bound.consumer, {"action": "delete", "pk": boat.pk})
    assert not harbour.Boat.objects.exists()
    assert bound.asked == [(False, "create", None), (False, "update", boat.pk), (False, "delete", boat.pk)]
    assert isinstance(sent[0], GroupSend)
    assert json.loads(sent[0].content["text"])["payload"]["action"] == "create"


@pytest.mark.parametrize("action", ["create", "update"])
def test_what_is_not_in_fields_is_not_set(
    bound: Any, harbour: Any, frame: Any, action: str, caplog: pytest.LogCaptureFixture
) -> None:
    """In 1.x, a client that created a row could set any column, as in {"is_superuser": true}."""
    caplog.set_level(logging.INFO, "towpath.binding")
    pk = harbour.Boat.objects.create(name="Ada").pk if action == "update" else None
    data: dict[str, Any] = {
        "name": "Eva",
        "is_ours": True,
        "length": "99",
        "id": 77,
        "pk": 78,
        "nonsense": 1,
        "photo": "of/another",
    }
    data["created"] = "1999-01-01T00:00:00Z"
    frame(bound.consumer, {"action": action, "pk": pk, "data": data})
    boat = harbour.Boat.objects.get()
    assert (boat.name, boat.is_ours, str(boat.length)) == ("Eva", False, "7.50")
    assert not boat.photo
    assert boat.pk not in (77, 78)
    assert boat.created.year != 1999
    assert "BoatBinding: ignored 7 fields that clients may not set" in caplog.text


def test_what_is_excluded_is_not_set(harbour: Any, groups: Any, frame: Any) -> None:
    class Excluding(WebsocketBinding):
        model = harbour.Boat
        stream = "boats"
        exclude = ["is_ours"]

        @classmethod
        def group_names(cls, instance: Any) -> list[str]:
            return []

        def has_permission(self, user: Any, action: str, pk: Any) -> bool:
            return True

    frame(Excluding.consumer, {"action": "create", "data": {"name": "Eva", "is_ours": True, "length": "9"}})
    boat = harbour.Boat.objects.get()
    assert (boat.is_ours, str(boat.length)) == (False, "9.00")


@pytest.mark.parametrize("action", ["create", "update", "delete"])
def test_what_is_not_permitted_is_not_done(
    bound: Any, harbour: Any, frame: Any, action: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "towpath.binding")
    bound.has_permission = lambda self, user, action, pk: False
    boat = harbour.Boat.objects.create(name="Ada")
    frame(bound.consumer, {"action": action, "pk": boat.pk, "data": {"name": "Eva"}})
    assert harbour.Boat.objects.get().name == "Ada"
    assert bound.refusals == [(action, boat.pk, None)]
    assert f"BoatBinding: refused to {action} a harbour.boat: not permitted" in caplog.text


@pytest.mark.parametrize(
    ("data", "errors"),
    [
        ({"name": "much too long a name"}, {"name": ["Ensure this value has at most 10 characters (it has 20)."]}),
        ({"name": "Ada"}, {"name": ["Boat with this Name already exists."]}),
        ({"name": ""}, {"name": ["This field cannot be blank."]}),
        ({"name": "Titanic"}, {"__all__": ["not in this harbour"]}),
        (
            {"launched": "soon"},
            {"launched": ["“soon” value has an invalid date format. It must be in YYYY-MM-DD format."]},
        ),
        ({"launched": {}}, {"launched": ["{} is not a value of this field"]}),
        ({"owner": 4711}, {"owner": None}),
        ({"owner": "x"}, {"owner": ["“x” value must be an integer."]}),
        ({"crew": [4711]}, {"crew": ["there is no crew with the key 4711"]}),
        ({"crew": 1}, {"crew": ["a list of keys is wanted, not 1"]}),
        ({"crew": ["x"]}, {"crew": ["“x” value must be an integer."]}),
    ],
)
@pytest.mark.parametrize("action", ["create", "update"])
def test_wrong_values_are_refused(
    bound: Any, harbour: Any, frame: Any, action: str, data: Any, errors: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """1.x saved what the database took, so a text in SQLite could have any length."""
    caplog.set_level(logging.INFO, "towpath.binding")
    harbour.Boat.objects.create(name="Ada")
    pk = harbour.Boat.objects.create(name="Eva").pk
    before = list(harbour.Boat.objects.values())
    frame(bound.consumer, {"action": action, "pk": pk, "data": {"name": "Ida", **data}})
    assert list(harbour.Boat.objects.values()) == before
    ((refused, key, found),) = bound.refusals
    assert (refused, key, list(found)) == (action, pk if action == "update" else None, list(errors))
    assert errors in (found, {"owner": None})  # each Django says it in its own words
    assert f"refused to {action} a harbour.boat: wrong {sorted(errors)}" in caplog.text


@pytest.mark.parametrize(
    ("pk", "errors"),
    [
        (4711, ["there is no such row"]),
        ("x", ["“x” value must be an integer."]),
        ({}, ["“{}” value must be an integer."]),
        (float("inf"), ["no key of this model"]),
    ],
)
@pytest.mark.parametrize("action", ["update", "delete"])
def test_a_row_that_is_not_there_is_refused(bound: Any, frame: Any, action: str, pk: Any, errors: list[str]) -> None:
    frame(bound.consumer, {"action": action, "pk": pk, "data": {"name": "Ida"}})
    assert bound.refusals == [(action, pk, {"pk": errors})]


def test_relations_are_set_on_create_and_on_update(bound: Any, harbour: Any, frame: Any) -> None:
    crew = [harbour.Crew.objects.create(name=name).pk for name in ("Ole", "Per")]
    sent = frame(bound.consumer, {"action": "create", "data": {"name": "Ada", "crew": crew, "owner": crew[0]}})
    boat = harbour.Boat.objects.get()
    assert (sorted(boat.crew.values_list("pk", flat=True)), boat.owner_id) == (crew, crew[0])
    assert json.loads(sent[-1].content["text"])["payload"]["data"]["crew"] == crew
    frame(bound.consumer, {"action": "update", "pk": boat.pk, "data": {"crew": crew[1:]}})
    assert list(boat.crew.values_list("pk", flat=True)) == crew[1:]


def test_a_key_that_clients_choose_never_overwrites_a_row(harbour: Any, groups: Any, frame: Any) -> None:
    class FlagBinding(WebsocketBinding):
        model = harbour.Flag
        stream = "flags"
        fields = ["code", "meaning"]
        ignores_bulk_operations = True

        @classmethod
        def group_names(cls, instance: Any) -> list[str]:
            return []

        def has_permission(self, user: Any, action: str, pk: Any) -> bool:
            return True

        def validate(self, instance: Any, names: Any) -> None:
            """Let the database find it."""

    create = {"action": "create", "data": {"code": "A", "meaning": "diver down"}}
    frame(FlagBinding.consumer, create)
    with pytest.raises(IntegrityError):
        frame(FlagBinding.consumer, {**create, "data": {"code": "A", "meaning": "party"}})
    assert harbour.Flag.objects.get().meaning == "diver down"


def test_a_key_of_two_columns_finds_its_row_and_stays(harbour: Any, groups: Any, frame: Any) -> None:
    class LogBinding(WebsocketBinding):
        model = harbour.Log
        stream = "logs"
        fields = ["__all__"]

        @classmethod
        def group_names(cls, instance: Any) -> list[str]:
            return ["logs"]

        def has_permission(self, user: Any, action: str, pk: Any) -> bool:
            return True

    frame(LogBinding.consumer, {"action": "create", "data": {"boat_name": "Ada", "day": 1, "text": "calm"}})
    frame(LogBinding.consumer, {"action": "update", "pk": ["Ada", 1], "data": {"day": 2, "text": "storm"}})
    assert list(harbour.Log.objects.values_list("boat_name", "day", "text")) == [("Ada", 1, "storm")]
    harbour.Log.objects.update(text="calm")
    assert groups.actions() == [("logs", "update", ["Ada", 1])]
    frame(LogBinding.consumer, {"action": "delete", "pk": ["Ada", 1]})
    assert not harbour.Log.objects.exists()


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        ([], 'a change of a bound model is a JSON object {"action": text, "pk": key, "data": object}'),
        ({"pk": 1}, "a change of a bound model is a JSON object"),
        ({"action": "drop", "pk": 1}, "can be changed by create, update, delete, not by 'drop'"),
        ({"action": ["create"]}, "can be changed by create, update, delete"),
        ({"action": "update", "data": {}}, "'update' comes without pk"),
        ({"action": "delete"}, "'delete' comes without pk"),
        ({"action": "create"}, "'create' comes with data, a dict of fields and values, not NoneType"),
        ({"action": "update", "pk": 1, "data": []}, "'update' comes with data, .* not list"),
    ],
)
def test_an_invalid_change_is_a_value_error(bound: Any, frame: Any, payload: Any, error: str) -> None:
    with pytest.raises(ValueError, match=error.replace("{", r"\{")):
        frame(bound.consumer, payload)
    assert bound.asked == []


def test_a_socket_that_opens_or_closes_changes_nothing(bound: Any, frame: Any) -> None:
    for kind in ("connect", "disconnect"):
        frame(bound.consumer, None, kind=kind)
    assert bound.asked == []


def test_hooks_know_message_arguments_and_user(bound: Any, frame: Any) -> None:
    seen: list[Any] = []
    bound.has_permission = lambda self, user, action, pk: seen.append((self.action, self.pk, self.data)) or True
    bound.create = lambda self, data: seen.append((self.message["path"], self.kwargs, str(self.user), data))
    frame(bound.consumer, {"action": "create", "data": {"name": "Ada"}}, room="a")
    assert seen == [("create", None, {"name": "Ada"}), ("/", {"room": "a"}, "AnonymousUser", {"name": "Ada"})]


@pytest.mark.parametrize(
    ("attributes", "opened"),
    [
        ({}, ["channel_session", "user"]),
        ({"channel_session_user": False, "channel_session": True}, ["channel_session"]),
        ({"channel_session_user": False, "strict_ordering": True}, ["channel_session"]),
        ({"channel_session_user": False}, []),
    ],
)
def test_attributes_open_sessions(bound: Any, frame: Any, attributes: Any, opened: list[str]) -> None:
    seen: list[str] = []

    def create(self: Any, data: Any) -> None:
        seen.extend(name for name in ("channel_session", "user") if hasattr(self.message, name))

    for name, value in {"create": create, **attributes}.items():
        setattr(bound, name, value)
    frame(bound.consumer, {"action": "create", "data": {}})
    assert seen == opened


def test_rows_that_the_default_manager_hides_are_not_there(bound: Any, harbour: Any, frame: Any) -> None:
    from unittest import mock

    boat = harbour.Boat.objects.create(name="Ada")
    hidden = harbour.Boat.objects.exclude(pk=boat.pk)
    with mock.patch.object(type(harbour.Boat.objects), "get_queryset", return_value=hidden):
        frame(bound.consumer, {"action": "delete", "pk": boat.pk})
    assert harbour.Boat.objects.exists()


def test_hooks_that_are_not_defined_say_so(harbour: Any, groups: Any, frame: Any) -> None:
    class Bare(Binding):
        model = None
        fields = ["name"]

    for call, words in (
        (lambda: Bare.group_names(None), r"Bare: define group_names\(cls, instance\)"),
        (lambda: Bare().serialize(None, "create"), r"Bare: define serialize\(self, instance, action\)"),
        (lambda: Bare.encode("x", {}), r"Bare: define encode\(cls, stream, payload\)"),
        (lambda: Bare().deserialize(None), r"Bare: define deserialize\(self, message\)"),  # type: ignore[arg-type]
        (lambda: Bare().has_permission(None, "create", None), r"Bare: define has_permission\(self, user, action, pk\)"),
    ):
        with pytest.raises(NotImplementedError, match=words):
            call()
    with pytest.raises(ConfigurationError, match="Bare is not registered: give it a model"):
        Bare().delete(1)


def test_a_refusal_without_fields_is_logged_too(bound: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "towpath.binding")
    WebsocketBinding.refused(bound(), "update", 1, ValidationError("of the whole"))
    assert "refused to update a harbour.boat: wrong values" in caplog.text
