"""A binding that fails: it is logged, and the change of the row stays, with everything else in its transaction."""

import logging
import re
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from towpath.binding.websockets import WebsocketBinding
from towpath.layers.errors import LayerUnavailable

FAILURES = {
    "a group name that is not valid": ("group_names", classmethod(lambda cls, instance: ["no name"]), "no name"),
    "group names that are not a list": ("group_names", classmethod(lambda cls, instance: "boats"), r"not 'boats'"),
    "no group names": ("group_names", classmethod(lambda cls, instance: None), "not None"),
    "an error in group_names": ("group_names", classmethod(lambda cls, instance: instance.nothing), "nothing"),
    "an error in serialize": ("serialize", lambda self, instance, action: instance.nothing, "nothing"),
    "no payload": ("serialize", lambda self, instance, action: None, r"serialize returned None: return a dict, \{\}"),
    "a value that cannot be sent": ("encode", classmethod(lambda cls, stream, payload: {"n": 2**64}), r"\['n'\]"),
}


@pytest.fixture
def bound(harbour: Any, groups: Any) -> type[WebsocketBinding]:
    class BoatBinding(WebsocketBinding):
        model = harbour.Boat
        stream = "boats"
        fields = ["name"]

        @classmethod
        def group_names(cls, instance: Any) -> list[str]:
            return ["boats"]

    return BoatBinding


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("in_transaction", [False, True])
def test_a_change_stays_when_a_binding_fails(
    bound: Any, harbour: Any, groups: Any, caplog: pytest.LogCaptureFixture, failure: str, in_transaction: bool
) -> None:
    name, replacement, error = FAILURES[failure]
    doomed = harbour.Boat.objects.create(name="Eva", owner=harbour.Crew.objects.create(name="Ole"))
    groups.taken()
    setattr(bound, name, replacement)
    with transaction.atomic() if in_transaction else transaction.atomic(using="other"):
        harbour.Boat.objects.create(name="Ada").crew.add(harbour.Crew.objects.create(name="Ida"))
        harbour.Boat.objects.filter(name="Ada").update(dock="south")
        harbour.Boat.objects.bulk_create([harbour.Boat(name="Uta")])
        doomed.owner.delete()
    assert set(harbour.Boat.objects.values_list("name", "dock")) == {("Ada", "south"), ("Uta", "north")}
    assert groups.layer.sent == []
    logged = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(logged) >= 4
    for record in logged:
        assert "BoatBinding" in record.getMessage()
        assert "the row of harbour.boat is changed" in record.getMessage()
        assert record.exc_info is not None
        assert re.search(error, str(record.exc_info[1]))


def test_a_failed_query_of_a_binding_leaves_the_transaction_usable(bound: Any, harbour: Any, groups: Any) -> None:
    twice = harbour.Crew.objects.create(name="Ole")

    def group_names(cls: Any, instance: Any) -> list[str]:
        harbour.Crew.objects.create(name="undone")
        harbour.Crew.objects.create(pk=twice.pk)  # IntegrityError, which marks the transaction as broken
        return ["boats"]

    bound.group_names = classmethod(group_names)
    with transaction.atomic():
        harbour.Boat.objects.create(name="Ada")
        assert not connection.needs_rollback
        assert harbour.Boat.objects.get().name == "Ada"
    assert harbour.Boat.objects.exists()
    assert [crew.name for crew in harbour.Crew.objects.all()] == ["Ole"]


def test_an_error_that_a_binding_catches_leaves_the_transaction_usable(bound: Any, harbour: Any, groups: Any) -> None:
    twice = harbour.Crew.objects.create(name="Ole")

    def group_names(cls: Any, instance: Any) -> list[str]:
        with pytest.raises(IntegrityError):
            harbour.Crew.objects.create(pk=twice.pk)
        return ["boats"]

    bound.group_names = classmethod(group_names)
    with transaction.atomic():
        harbour.Boat.objects.create(name="Ada")
    assert harbour.Boat.objects.exists()
    assert groups.actions() == [("boats", "create", harbour.Boat.objects.get().pk)]


def test_queries_of_a_binding_that_succeeds_stay(bound: Any, harbour: Any, groups: Any) -> None:
    def group_names(cls: Any, instance: Any) -> list[str]:
        return [f"crew-{harbour.Crew.objects.create(name='Ida').name}"]

    bound.group_names = classmethod(group_names)
    with transaction.atomic():
        harbour.Boat.objects.create(name="Ada")
    assert groups.actions() == [("crew-Ida", "create", harbour.Boat.objects.get().pk)]
    assert harbour.Crew.objects.count() == 1


def test_one_binding_that_fails_does_not_keep_others_from_notifying(bound: Any, harbour: Any, groups: Any) -> None:
    class Failing(bound):  # type: ignore[misc]  # a class of the test's
        stream = "failing"

        def serialize(self, instance: Any, action: str) -> Any:
            raise LookupError("not today")

    boat = harbour.Boat.objects.create(name="Ada")
    assert groups.actions() == [("boats", "create", boat.pk)]
    assert Failing.model is harbour.Boat


def test_a_row_whose_groups_are_unknown_after_a_change_is_not_taken_for_deleted(
    bound: Any, harbour: Any, groups: Any
) -> None:
    boat = harbour.Boat.objects.create(name="Ada")
    groups.taken()

    def group_names(cls: Any, instance: Any) -> list[str]:
        return ["boats"] if instance.name == "Ada" else instance.nothing

    bound.group_names = classmethod(group_names)
    boat.name = "Eva"
    boat.save()
    assert groups.actions() == []


def test_a_save_stays_when_the_layer_is_unavailable(
    bound: Any, harbour: Any, groups: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def unavailable(group: str, message: Any) -> None:
        raise LayerUnavailable("no answer")

    monkeypatch.setattr(groups.layer, "send_group", unavailable)
    harbour.Boat.objects.create(name="Ada")
    assert harbour.Boat.objects.exists()
    assert "no answer" in caplog.text
