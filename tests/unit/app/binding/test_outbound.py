"""The messages to groups when rows of a bound model change."""

import json
import unittest
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connections, transaction
from django.db.models import F
from django.db.models.signals import post_save
from django.test import TestCase, override_settings

from towpath.binding import Binding
from towpath.binding.websockets import WebsocketBinding, WebsocketBindingWithMembers
from towpath.channels import Outbox, channel_layers


@pytest.fixture
def bound(harbour: Any, groups: Any) -> type[WebsocketBinding]:
    """Each boat is in the group of its dock."""

    class BoatBinding(WebsocketBinding):
        model = harbour.Boat
        stream = "boats"
        fields = ["name", "dock", "length", "launched", "owner", "crew"]

        @classmethod
        def group_names(cls, instance: Any) -> list[str]:
            return ["boats", f"dock-{instance.dock}"]

    return BoatBinding


def test_what_happens_to_a_row_reaches_its_groups(bound: Any, harbour: Any, groups: Any) -> None:
    boat = harbour.Boat.objects.create(name="Ada", length="7.50")
    payload = {
        "action": "create",
        "pk": boat.pk,
        "data": {"name": "Ada", "dock": "north", "length": "7.50", "launched": None, "owner": None, "crew": []},
        "model": "harbour.boat",
    }
    assert groups.taken() == [("boats", payload), ("dock-north", payload)]
    boat.length = Decimal("8.00")
    boat.save()
    update = {**payload, "action": "update", "data": {**payload["data"], "length": "8.00"}}
    assert groups.taken() == [("boats", update), ("dock-north", update)]
    pk = boat.pk
    boat.delete()
    delete = {**update, "action": "delete", "pk": pk}
    assert groups.taken() == [("boats", delete), ("dock-north", delete)]


def test_frames_name_their_stream(bound: Any, harbour: Any, groups: Any) -> None:
    harbour.Boat.objects.create(name="Ada")
    assert groups.layer.sent[0][1]["text"].startswith('{"stream": "boats", "payload": {"action": "create"')


def test_who_leaves_sees_a_deletion_and_who_enters_a_creation(bound: Any, harbour: Any, groups: Any) -> None:
    """1.x asked the changed object for its old groups, so that no row ever left one."""
    boat = harbour.Boat.objects.create(name="Ada")
    groups.taken()
    boat.dock = "south"
    boat.save()
    assert groups.actions() == [
        ("dock-north", "delete", boat.pk),
        ("boats", "update", boat.pk),
        ("dock-south", "create", boat.pk),
    ]


def test_who_leaves_does_not_see_what_has_changed(bound: Any, harbour: Any, groups: Any) -> None:
    """1.x sent the new values along with the deletion."""
    boat = harbour.Boat.objects.create(name="Ada")
    boat.crew.add(harbour.Crew.objects.create(name="Ole"))
    groups.taken()
    harbour.Boat.objects.filter(pk=boat.pk).update(name="Secret", dock="navy")
    (left, deletion), *_ = groups.taken()
    assert (left, deletion["action"]) == ("dock-north", "delete")
    assert (deletion["data"]["name"], deletion["data"]["dock"]) == ("Ada", "north")
    assert len(deletion["data"]["crew"]) == 1


def test_a_change_by_a_stale_or_made_up_object_leaves_the_groups_of_the_row(
    bound: Any, harbour: Any, groups: Any
) -> None:
    pk = harbour.Boat.objects.create(name="Ada").pk
    groups.taken()
    harbour.Boat(pk=pk, name="Ada", dock="south", created="2020-01-01T00:00Z").save()
    assert [group for group, *_ in groups.actions()] == ["dock-north", "boats", "dock-south"]
    harbour.Boat(pk=pk, name="Ada", dock="nowhere").delete()
    assert [group for group, *_ in groups.actions()] == ["boats", "dock-south"]


def test_what_is_sent_is_what_is_in_the_database(bound: Any, harbour: Any, groups: Any) -> None:
    """1.x sent an expression as its text, a text for a number, and what `update_fields` had left out."""
    boat = harbour.Boat.objects.create(name="Ada", length=Decimal("1.25"))
    groups.taken()
    boat.name, boat.length = "unsaved", F("length") + 1
    boat.save(update_fields=["length"])
    data = groups.taken()[0][1]["data"]
    assert (data["name"], data["length"]) == ("Ada", "2.25")
    harbour.Boat.objects.only("name").get().save()
    assert groups.taken()[0][1]["data"] == data


def test_sends_wait_for_the_commit(bound: Any, harbour: Any, groups: Any) -> None:
    """1.x told of changes that others could not see yet, and of those that were taken back."""
    with transaction.atomic():
        boat = harbour.Boat.objects.create(name="Ada")
        assert groups.actions() == []
        with pytest.raises(LookupError), transaction.atomic():
            boat.dock = "south"
            boat.save()
            raise LookupError("a savepoint is rolled back")
    assert groups.actions() == [("boats", "create", boat.pk), ("dock-north", "create", boat.pk)]
    with pytest.raises(LookupError), transaction.atomic():
        boat.delete()
        raise LookupError("everything is")
    assert groups.actions() == []


@pytest.mark.parametrize("named", ["default", "other", None])
def test_sends_wait_for_the_database_that_was_changed(bound: Any, harbour: Any, groups: Any, named: Any) -> None:
    with override_settings(TOWPATH_ON_COMMIT=named):
        with transaction.atomic(using="other"):
            boat = harbour.Boat.objects.using("other").create(name="Ada")
            boat.dock = "south"
            boat.save()
            assert groups.actions() == []
        assert [group for group, *_ in groups.actions()] == ["boats", "dock-north", "dock-north", "boats", "dock-south"]
        with transaction.atomic():
            boat.delete()
            assert len(groups.actions()) == (0 if named == "default" else 2)


def test_inside_a_consumer_sends_are_held_until_it_ends(bound: Any, harbour: Any, groups: Any) -> None:
    outbox = Outbox(channel_layers["default"])
    with outbox.holding(), transaction.atomic():
        harbour.Boat.objects.create(name="Ada")
    assert groups.actions() == []
    assert [send.group for send in outbox.sends] == ["boats", "dock-north"]  # type: ignore[union-attr]


def test_loaded_fixtures_are_sent_once_all_rows_are_saved(harbour: Any, groups: Any, tmp_path: Any) -> None:
    class Owned(WebsocketBinding):
        model = harbour.Boat
        stream = "boats"
        fields = ["name"]

        @classmethod
        def group_names(cls, instance: Any) -> list[str]:
            return [f"owner-{instance.owner.name}"]

    boat = {"name": "Ada", "owner": 9, "created": "2026-01-01T00:00:00Z"}
    rows = [("boat", 8, boat), ("crew", 9, {"name": "Ole"})]
    fixture = tmp_path / "harbour.json"
    fixture.write_text(json.dumps([{"model": f"harbour.{name}", "pk": pk, "fields": data} for name, pk, data in rows]))
    call_command("loaddata", fixture, verbosity=0)
    assert groups.actions() == [("owner-Ole", "create", 8)]
    assert Owned.model is harbour.Boat


def test_a_receiver_may_save_again(bound: Any, harbour: Any, groups: Any) -> None:
    def move(instance: Any, created: bool, **_: Any) -> None:
        if created:
            instance.dock = "south"
            instance.save()

    post_save.connect(move, sender=harbour.Boat)
    try:
        boat = harbour.Boat.objects.create(name="Ada")
    finally:
        post_save.disconnect(move, sender=harbour.Boat)
    last: dict[str, str] = {}
    for group, action, _ in groups.actions():
        last[group] = action
    assert last["dock-south"] in ("create", "update")
    assert last.get("dock-north", "delete") == "delete"
    assert last["boats"] != "delete"
    assert boat.pk


def test_after_a_save_that_failed_the_next_one_is_sent_as_it_is(bound: Any, harbour: Any, groups: Any) -> None:
    harbour.Boat.objects.create(name="Ada")
    boat = harbour.Boat.objects.create(name="Eva")
    groups.taken()
    boat.name = "Ada"
    with pytest.raises(DatabaseError):
        boat.save()
    boat.name, boat.dock = "Ida", "south"
    boat.save()
    assert [group for group, *_ in groups.actions()] == ["dock-north", "boats", "dock-south"]


def test_a_change_leaves_nothing_on_its_object(bound: Any, harbour: Any, groups: Any) -> None:
    boat = harbour.Boat(name="Ada")
    attributes = set(vars(boat))
    boat.save()
    assert set(vars(boat)) == attributes


def test_proxies_and_heirs_are_seen_as_what_they_stand_for(bound: Any, harbour: Any, groups: Any) -> None:
    """1.x noticed the class itself only."""
    boat = harbour.Proxied.objects.create(name="Ada")
    boat.delete()
    assert [action for _, action, _ in groups.actions()] == ["create", "create", "delete", "delete"]
    ferry = harbour.Ferry.objects.create(name="Bjørn")
    assert groups.taken()[0][1]["data"]["name"] == "Bjørn"
    ferry.delete()
    assert [action for _, action, _ in groups.actions()] == ["delete", "delete"]


def test_when_an_heir_is_deleted_and_its_parent_kept_nothing_happened_to_the_parent(
    bound: Any, harbour: Any, groups: Any
) -> None:
    ferry = harbour.Ferry.objects.create(name="Bjørn")
    groups.taken()
    ferry.delete(keep_parents=True)
    assert groups.actions() == []


def test_an_heir_is_sent_with_what_it_inherits(harbour: Any, groups: Any) -> None:
    """Django's serializers write the fields of each table apart, and so 1.x left out the inherited ones."""

    class FerryBinding(WebsocketBinding):
        model = harbour.Ferry
        stream = "ferries"
        fields = ["name", "seats", "crew"]

        @classmethod
        def group_names(cls, instance: Any) -> list[str]:
            return ["ferries"]

    harbour.Ferry.objects.create(name="Bjørn", seats=12)
    assert groups.taken()[0][1]["data"] == {"name": "Bjørn", "seats": 12, "crew": []}


def test_rows_that_are_deleted_with_others_are_seen(bound: Any, harbour: Any, groups: Any) -> None:
    owner = harbour.Crew.objects.create(name="Ole")
    harbour.Boat.objects.create(name="Ada", owner=owner)
    harbour.Boat.objects.create(name="Eva")
    groups.taken()
    owner.delete()
    assert [action for _, action, _ in groups.actions()] == ["delete", "delete"]
    harbour.Boat.objects.all().delete()
    assert [action for _, action, _ in groups.actions()] == ["delete", "delete"]


def test_rows_that_lose_another_are_seen(harbour: Any, groups: Any) -> None:
    """Django sends no signals of rows whose foreign key it sets to NULL."""

    class Piloted(WebsocketBinding):
        model = harbour.Boat
        stream = "boats"
        fields = ["pilot", "owner"]

        @classmethod
        def group_names(cls, instance: Any) -> list[str]:
            return ["piloted" if instance.pilot_id else "drifting"]

    ole = harbour.Crew.objects.create(name="Ole")
    boat = harbour.Boat.objects.create(name="Ada", pilot=ole)
    own_pk = harbour.Boat.objects.create(name="Eva", pilot=ole, owner=ole).pk
    groups.taken()
    ole.delete()
    assert groups.actions() == [
        ("piloted", "delete", boat.pk),
        ("drifting", "create", boat.pk),
        ("piloted", "delete", own_pk),
    ]
    assert Piloted.model is harbour.Boat


def test_rows_that_lose_one_of_their_own_kind_are_seen(harbour: Any, groups: Any) -> None:
    """The lost one is bound, too: both changes come with the same signals."""

    class Chained(WebsocketBinding):
        model = harbour.Berth
        stream = "berths"
        fields = ["next"]

        @classmethod
        def group_names(cls, instance: Any) -> list[str]:
            return ["chained" if instance.next_id else "last"]

    far = harbour.Berth.objects.create(number=2)
    near = harbour.Berth.objects.create(number=1, next=far)
    far_pk = far.pk
    groups.taken()
    far.delete()
    assert groups.actions() == [("chained", "delete", near.pk), ("last", "create", near.pk), ("last", "delete", far_pk)]
    assert Chained.model is harbour.Berth


@pytest.mark.parametrize(("attribute", "value"), [("fields", ["__all__"]), ("fields", "__all__"), ("exclude", [])])
def test_all_fields_can_be_sent(harbour: Any, groups: Any, attribute: str, value: Any) -> None:
    body = {"model": "harbour.Boat", "stream": "boats", attribute: value}
    body["group_names"] = classmethod(lambda cls, instance: ["boats"])
    type("Everything", (WebsocketBinding,), body)
    harbour.Boat.objects.create(name="Ada")
    data = groups.taken()[0][1]["data"]
    assert set(data) == {"name", "dock", "length", "launched", "owner", "pilot", "crew", "photo", "is_ours", "created"}


def test_members_are_sent_beside_fields(harbour: Any, groups: Any) -> None:
    class Members(WebsocketBindingWithMembers):
        model = harbour.Boat
        stream = "boats"
        exclude = ["crew", "pilot", "photo", "created", "length", "launched", "is_ours"]
        send_members = ["label", "days", "owner.name"]

        @classmethod
        def group_names(cls, instance: Any) -> list[str]:
            return ["boats"]

    harbour.Boat.objects.create(name="Ada", owner=harbour.Crew.objects.create(name="Ole"))
    harbour.Boat.objects.create(name="Eva")
    (_, first), (_, second) = groups.taken()
    assert first["data"].items() >= {"name": "Ada", "label": "Ada (north)", "days": 3, "owner__name": "Ole"}.items()
    assert second["data"]["owner__name"] is None


@pytest.fixture
def owned(harbour: Any, groups: Any) -> type[WebsocketBinding]:
    """Boats with members that follow relations, in the groups of their pilots' names."""

    class Owned(WebsocketBindingWithMembers):
        model = harbour.Boat
        stream = "owned"
        fields = ["name"]
        send_members = ["owner.name", "owner.town.name", "pilot.name", "papers.number"]

        @classmethod
        def group_names(cls, instance: Any) -> list[str]:
            return [f"pilot-{instance.pilot.name}"] if instance.pilot else ["adrift"]

    return Owned


def members(payload: Any) -> list[Any]:
    return [payload["data"][name] for name in ("owner__name", "owner__town__name", "pilot__name", "papers__number")]


def test_a_row_deleted_with_its_nullable_owner_is_sent_with_the_members_of_before(
    owned: Any, harbour: Any, groups: Any
) -> None:
    owner = harbour.Crew.objects.create(name="Ole", town=harbour.Town.objects.create(name="Moss"))
    harbour.Boat.objects.create(name="Ada", owner=owner)
    groups.taken()
    owner.delete()
    [(group, deletion)] = groups.taken()
    assert (group, deletion["action"], *members(deletion)) == ("adrift", "delete", "Ole", "Moss", None, None)
    assert not harbour.Boat.objects.exists()


@pytest.mark.parametrize("of", ["row", "queryset"])
def test_a_chain_of_cascades_is_sent_with_the_members_of_before(owned: Any, harbour: Any, groups: Any, of: str) -> None:
    town = harbour.Town.objects.create(name="Moss")
    boat = harbour.Boat.objects.create(name="Ada", owner=harbour.Crew.objects.create(name="Ole", town=town))
    harbour.Papers.objects.create(boat=boat, number=7)
    groups.taken()
    town.delete() if of == "row" else harbour.Town.objects.all().delete()
    assert [members(deletion) for _, deletion in groups.taken()] == [["Ole", "Moss", None, 7]]


def test_a_row_that_loses_its_related_row_leaves_the_group_with_the_members_of_before(
    owned: Any, harbour: Any, groups: Any
) -> None:
    pilot = harbour.Crew.objects.create(name="Ida")
    harbour.Boat.objects.create(name="Ada", pilot=pilot)
    groups.taken()
    pilot.delete()
    (left, deletion), (joined, creation) = groups.taken()
    assert (left, deletion["action"], deletion["data"]["pilot__name"]) == ("pilot-Ida", "delete", "Ida")
    assert (joined, creation["action"], creation["data"]["pilot__name"]) == ("adrift", "create", None)


def test_a_relation_without_a_row_on_its_other_side_is_sent_as_null(owned: Any, harbour: Any, groups: Any) -> None:
    boat = harbour.Boat.objects.create(name="Ada")
    harbour.Papers.objects.create(boat=boat, number=7)
    boat.save()
    assert [payload["data"]["papers__number"] for _, payload in groups.taken()] == [None, 7]


def test_a_deletion_that_is_rolled_back_sends_nothing(owned: Any, harbour: Any, groups: Any) -> None:
    owner = harbour.Crew.objects.create(name="Ole")
    harbour.Boat.objects.create(name="Ada", owner=owner)
    groups.taken()
    with pytest.raises(LookupError), transaction.atomic():
        owner.delete()
        raise LookupError("everything is undone")
    assert groups.taken() == []


def test_own_sending_is_asked_for_a_deletion_only_if_the_row_leaves(owned: Any, harbour: Any, groups: Any) -> None:
    sent: list[str] = []
    owned.send_messages = lambda self, instance, group_names, action, **_: sent.append(action)
    owned.group_names = classmethod(lambda cls, instance: ["boats"])
    pilot = harbour.Crew.objects.create(name="Ida")
    boat = harbour.Boat.objects.create(name="Ada", pilot=pilot)
    pilot.delete()
    boat.delete()
    assert sent == ["create", "update", "delete"]


def test_hooks_know_the_signal_and_an_empty_payload_sends_nothing(harbour: Any, groups: Any) -> None:
    seen: list[Any] = []

    class Own(Binding):
        model = harbour.Crew
        fields = ["name"]
        stream = "crew"

        @classmethod
        def group_names(cls, instance: Any) -> list[str]:
            return ["crew", "crew"]

        def serialize(self, instance: Any, action: str) -> dict[str, Any]:
            seen.append((action, self.signal_kwargs))
            return {"payload": {"action": action, "pk": 0}} if instance.name != "nobody" else {}

        @classmethod
        def encode(cls, stream: Any, payload: Any) -> dict[str, Any]:
            return {"text": json.dumps(payload)}

    crew = harbour.Crew.objects.create(name="Ole")
    assert groups.actions() == [("crew", "create", 0)]
    assert (seen[0][0], seen[0][1]["created"], seen[0][1]["using"]) == ("create", True, "default")
    assert seen[0][1]["instance"] is crew
    crew.name = "nobody"
    crew.save()
    assert groups.actions() == []
    assert seen[1][0] == "update"


def test_sending_can_be_overridden_as_in_1x(bound: Any, harbour: Any, groups: Any) -> None:
    class Quiet(bound):  # type: ignore[misc]  # a class of the test's
        stream = "quiet"

        def send_messages(self, instance: Any, group_names: Any, action: str, **kwargs: Any) -> None:
            if action != "update":
                super().send_messages(instance, ["quiet"], action, **kwargs)

    boat = harbour.Boat.objects.create(name="Ada")
    boat.save()
    assert [action for group, action, _ in groups.actions() if group == "quiet"] == ["create"]
    assert Quiet.model is harbour.Boat


def test_models_that_are_not_bound_cost_nothing(bound: Any, harbour: Any) -> None:
    """A receiver of all senders would make Django load the rows that it deletes."""
    harbour.Bell.objects.create(tone="A")
    with CountedQueries() as queries:
        harbour.Bell.objects.all().delete()
    assert [text.partition(" ")[0] for text in queries.texts] == ["BEGIN", "DELETE"]


def test_what_a_binding_costs(harbour: Any, groups: Any) -> None:
    """docs/binding.md says so."""

    class Cheap(WebsocketBinding):
        model = harbour.Boat
        stream = "boats"
        fields = ["name"]

        @classmethod
        def group_names(cls, instance: Any) -> list[str]:
            return ["boats"]

    def selects(change: Any) -> int:
        with CountedQueries() as queries:
            change()
        return len([text for text in queries.texts if text.startswith("SELECT")])

    boat = harbour.Boat(name="Ada")
    assert [
        selects(boat.save),
        selects(boat.save),
        selects(lambda: harbour.Boat.objects.update(dock="south")),
        selects(lambda: harbour.Boat.objects.bulk_create([harbour.Boat(name="Eva")])),
    ] == [1, 2, 3, 1]
    assert Cheap.model is harbour.Boat


def test_a_test_case_sees_saves_at_once_and_deletions_at_their_commit(bound: Any, harbour: Any, groups: Any) -> None:
    class InAProject(TestCase):
        def runTest(self) -> None:
            boat = harbour.Boat.objects.create(name="Ada")
            assert len(groups.taken()) == 2
            with self.captureOnCommitCallbacks(execute=True):
                boat.delete()
                assert groups.taken() == []
            assert len(groups.taken()) == 2

    result = unittest.TestResult()
    unittest.TestSuite([InAProject()]).run(result)
    assert not [*result.errors, *result.failures], [*result.errors, *result.failures][0][1]
    assert result.testsRun == 1


class CountedQueries:
    """Keeps the texts of queries."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def __enter__(self) -> "CountedQueries":
        self._wrapper = connections["default"].execute_wrapper(self._keep)
        self._wrapper.__enter__()
        return self

    def __exit__(self, *raised: Any) -> None:
        self._wrapper.__exit__(*raised)

    def _keep(self, execute: Any, sql: Any, *rest: Any) -> Any:
        self.texts.append(sql)
        return execute(sql, *rest)
