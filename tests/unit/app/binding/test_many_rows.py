"""Changes for which Django sends no signal of a row: of many rows at once, and of many-to-many relations."""

from typing import Any
from unittest import mock

import pytest
from django.db import NotSupportedError, connections, transaction
from django.db.models import F, QuerySet

from towpath.binding.websockets import WebsocketBinding
from towpath.checks.bindings import check_bulk_operations


def bind(model: Any, **attributes: Any) -> Any:
    """Bind a model to a group for each of its rows' crews, docks or lights."""

    def group_names(cls: Any, instance: Any) -> list[str]:
        crew = [f"crew-{one.name}" for one in instance.crew.order_by("name")] if hasattr(instance, "crew") else []
        return ["all", *crew, *([f"dock-{instance.dock}"] if hasattr(instance, "dock") else [])]

    body = {"model": model, "stream": "rows", "exclude": [], "group_names": classmethod(group_names), **attributes}
    return type("Bound", (WebsocketBinding,), body)


def test_an_update_of_a_queryset_is_sent_row_by_row(harbour: Any, groups: Any) -> None:
    bind(harbour.Boat)
    ada, eva, _ = (harbour.Boat.objects.create(name=name) for name in ("Ada", "Eva", "Ida"))
    groups.taken()
    count = harbour.Boat.objects.filter(name__lt="I").order_by("name").update(dock="south", length=F("length") + 1)
    assert count == 2
    sent = groups.taken()
    assert [(group, payload["action"], payload["pk"]) for group, payload in sent] == [
        (group, action, boat.pk)
        for boat in (ada, eva)
        for group, action in (("dock-north", "delete"), ("all", "update"), ("dock-south", "create"))
    ]
    assert [payload["data"]["length"] for _, payload in sent] == ["7.50", "8.50", "8.50"] * 2
    with pytest.raises(LookupError), transaction.atomic():
        harbour.Boat.objects.update(dock="west")
        raise LookupError("rolled back")
    assert groups.taken() == []


def test_rows_that_an_update_makes_match_no_more_are_sent(harbour: Any, groups: Any) -> None:
    bind(harbour.Boat)
    boat = harbour.Boat.objects.create(name="Ada")
    groups.taken()
    harbour.Boat.objects.filter(dock="north").update(dock="south")
    assert groups.actions() == [
        ("dock-north", "delete", boat.pk),
        ("all", "update", boat.pk),
        ("dock-south", "create", boat.pk),
    ]


def test_bulk_operations_are_sent(harbour: Any, groups: Any) -> None:
    bind(harbour.Boat)
    boats = harbour.Boat.objects.bulk_create([harbour.Boat(name="Ada"), harbour.Boat(name="Eva")])
    assert groups.actions() == [(group, "create", boat.pk) for boat in boats for group in ("all", "dock-north")]
    for boat in boats:
        boat.dock = "south"
    harbour.Boat.objects.bulk_update(boats, ["dock"])
    assert [action for _, action, _ in groups.actions()] == ["delete", "update", "create"] * 2
    harbour.Boat.objects.all().delete()
    assert [action for _, action, _ in groups.actions()] == ["delete"] * 4


def test_rows_of_a_related_manager_are_sent(harbour: Any, groups: Any) -> None:
    bind(harbour.Boat)
    owner = harbour.Crew.objects.create(name="Ole")
    boat = owner.owned.create(name="Ada")
    groups.taken()
    owner.owned.update(dock="south")
    owner.owned.clear()
    assert [action for _, action, _ in groups.actions()] == ["delete", "update", "create", "update", "update"]
    assert boat.pk


def test_a_child_model_is_notified_of_columns_of_both_tables(harbour: Any, groups: Any) -> None:
    bind(harbour.Boat)
    bind(harbour.Ferry)
    ferry = harbour.Ferry.objects.create(name="Bjørn")
    groups.taken()
    harbour.Ferry.objects.update(seats=20, length="9")
    assert [(group, payload["model"], payload["pk"]) for group, payload in groups.taken() if group == "all"] == [
        ("all", "harbour.boat", ferry.pk),
        ("all", "harbour.ferry", ferry.pk),
    ]


def test_without_bindings_bulk_operations_are_djangos(harbour: Any, groups: Any) -> None:
    harbour.Boat.objects.bulk_create([harbour.Boat(name="Ada")], ignore_conflicts=True)
    assert harbour.Boat.objects.update(id=F("id")) == 1


@pytest.mark.parametrize("name", ["pk", "id"])
def test_an_update_of_keys_is_refused(harbour: Any, groups: Any, name: str) -> None:
    bind(harbour.Boat)
    boat = harbour.Boat.objects.create(name="Ada")
    with pytest.raises(NotSupportedError, match=r"Boat is bound, and update\(\) of its primary key would hide"):
        harbour.Boat.objects.update(**{name: boat.pk + 1})
    assert harbour.Boat.objects.get().pk == boat.pk


@pytest.mark.parametrize("option", ["ignore_conflicts", "update_conflicts"])
def test_creating_unknown_rows_is_refused(harbour: Any, option: str) -> None:
    bind(harbour.Boat)
    with pytest.raises(NotSupportedError, match=rf"bulk_create\(..., {option}=True\) does not tell which rows"):
        harbour.Boat.objects.bulk_create([harbour.Boat(name="Ada")], **{option: True})
    with pytest.raises(NotSupportedError, match="ignore_conflicts=True"):
        harbour.Boat.objects.bulk_create([harbour.Boat(name="Ada")], 10, True)
    assert not harbour.Boat.objects.exists()


def test_creating_rows_without_keys_is_refused_where_none_come_back(harbour: Any, groups: Any) -> None:
    bind(harbour.Boat)
    with mock.patch.object(type(connections["default"].features), "can_return_rows_from_bulk_insert", False):
        with pytest.raises(NotSupportedError, match="this database does not return the keys of rows"):
            harbour.Boat.objects.bulk_create([harbour.Boat(name="Ada")])
        harbour.Boat.objects.bulk_create([harbour.Boat(pk=5, name="Ada")])


def test_what_django_refuses_it_refuses_itself(harbour: Any) -> None:
    bind(harbour.Boat)
    with pytest.raises(TypeError, match="once a slice has been taken"):
        harbour.Boat.objects.all()[:1].update(dock="south")
    with pytest.raises(NotSupportedError, match="union"):
        harbour.Boat.objects.all().union(harbour.Boat.objects.all()).update(dock="south")


@pytest.fixture
def sailing(harbour: Any, groups: Any) -> tuple[Any, Any, Any]:
    """A boat and two who sail."""
    bind(harbour.Boat)
    boat = harbour.Boat.objects.create(name="Ada")
    crew = [harbour.Crew.objects.create(name=name) for name in ("Ole", "Per")]
    groups.taken()
    return boat, *crew


def test_relations_are_sent_from_the_side_that_has_the_field(sailing: Any, groups: Any) -> None:
    """1.x ignored many-to-many fields."""
    boat, ole, per = sailing
    kept = [("all", "update", boat.pk), ("dock-north", "update", boat.pk)]
    boat.crew.add(ole)
    sent = groups.taken()
    assert [(group, payload["action"]) for group, payload in sent][-1] == ("crew-Ole", "create")
    assert [payload["data"]["crew"] for _, payload in sent] == [[ole.pk]] * 3
    boat.crew.add(ole)
    assert groups.actions() == []
    boat.crew.remove(ole)
    assert groups.actions() == [("crew-Ole", "delete", boat.pk), *kept]
    boat.crew.set([ole, per])
    assert groups.actions() == [*kept, ("crew-Ole", "create", boat.pk), ("crew-Per", "create", boat.pk)]
    boat.crew.clear()
    sent = groups.taken()
    assert [(group, payload["action"]) for group, payload in sent][:2] == [
        ("crew-Ole", "delete"),
        ("crew-Per", "delete"),
    ]
    assert [sorted(payload["data"]["crew"]) for _, payload in sent] == [[ole.pk, per.pk]] * 2 + [[]] * 2


def test_relations_are_sent_from_the_other_side(sailing: Any, harbour: Any, groups: Any) -> None:
    boat, ole, _ = sailing
    other = harbour.Boat.objects.create(name="Eva")
    groups.taken()
    ole.boats.add(boat, other)
    assert {pk for group, action, pk in groups.actions() if (group, action) == ("crew-Ole", "create")} == {
        boat.pk,
        other.pk,
    }
    ole.boats.remove(other)
    assert groups.actions()[0] == ("crew-Ole", "delete", other.pk)
    ole.boats.clear()
    assert groups.actions()[0] == ("crew-Ole", "delete", boat.pk)


def test_symmetrical_relations_are_sent_on_both_ends(harbour: Any, groups: Any) -> None:
    bind(harbour.Buoy, ignores_bulk_operations=True)
    red, green = harbour.Buoy.objects.create(light="red"), harbour.Buoy.objects.create(light="green")
    groups.taken()
    red.neighbours.add(green)
    assert {payload["pk"]: payload["data"]["neighbours"] for _, payload in groups.taken()} == {
        str(red.pk): [str(green.pk)],
        str(green.pk): [str(red.pk)],
    }
    green.neighbours.clear()
    assert {payload["pk"]: payload["data"]["neighbours"] for _, payload in groups.taken()} == {
        str(red.pk): [],
        str(green.pk): [],
    }


def test_a_key_that_is_made_before_the_row_does_not_make_it_an_update(harbour: Any, groups: Any) -> None:
    bind(harbour.Buoy)
    buoy = harbour.Buoy.objects.create(light="red")
    assert groups.actions() == [("all", "create", str(buoy.pk))]


def test_a_model_whose_bulk_operations_go_unseen_is_warned_of(harbour: Any) -> None:
    bind(harbour.Boat)
    assert check_bulk_operations() == []
    binding = bind(harbour.Buoy)
    (warning,) = check_bulk_operations()
    assert warning.id == "towpath.W010"
    assert warning.obj is binding
    assert warning.msg.startswith("bind.<locals>.Bound does not see harbour.Buoy.objects.update()") or (
        warning.msg.startswith("Bound does not see harbour.Buoy.objects.update()")
    )
    assert "objects = towpath.binding.BoundManager()" in str(warning.hint)
    binding.ignores_bulk_operations = True
    assert check_bulk_operations() == []


def test_what_is_warned_of_is_so(harbour: Any, groups: Any) -> None:
    bind(harbour.Buoy)
    harbour.Buoy.objects.create(light="red")
    groups.taken()
    assert not isinstance(harbour.Buoy.objects.all(), type(harbour.Boat.objects.all()))
    assert isinstance(harbour.Buoy.objects.all(), QuerySet)
    harbour.Buoy.objects.update(light="green")
    assert groups.actions() == []
