"""The receivers of bindings of 1.x are called around saves and deletions, and `group_names` may ask for the action."""

import logging
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction

from towpath.binding.base import CREATE, DELETE, UPDATE, BindingMetaclass
from towpath.binding.websockets import WebsocketBinding
from towpath.layers.errors import ConfigurationError

RECEIVERS = ("pre_save_receiver", "post_save_receiver", "pre_delete_receiver", "post_delete_receiver")


@pytest.fixture
def base(harbour: Any, groups: Any) -> type[WebsocketBinding]:
    class Abstract(WebsocketBinding):
        model = None
        stream = "boats"
        fields = ["name"]

        @classmethod
        def group_names(cls, instance: Any) -> list[str]:
            return [f"dock-{instance.dock}"]

    return Abstract


def test_change_receivers_are_called_with_the_saved_object_and_the_action(base: Any, harbour: Any, groups: Any) -> None:
    seen: list[Any] = []

    class Seeing(base):  # type: ignore[misc]  # a class of the test's
        model = harbour.Boat

        @classmethod
        def pre_change_receiver(cls, instance: Any, action: str) -> None:
            seen.append(("pre", instance, action))
            super().pre_change_receiver(instance, action)

        @classmethod
        def post_change_receiver(cls, instance: Any, action: str, **kwargs: Any) -> None:
            seen.append(("post", instance, action, kwargs["using"]))
            super().post_change_receiver(instance, action, **kwargs)

    boat = harbour.Boat.objects.create(name="Ada")
    boat.dock = "south"
    boat.save()
    pk = boat.pk
    boat.delete()
    assert [(phase, action) for phase, _, action, *_ in seen] == [
        (phase, action) for action in ("create", "update", "delete") for phase in ("pre", "post")
    ]
    assert all(entry[1] is boat for entry in seen)
    assert seen[1][3] == "default"
    assert groups.actions() == [
        ("dock-north", "create", pk),
        ("dock-north", "delete", pk),
        ("dock-south", "create", pk),
        ("dock-south", "delete", pk),
    ]


def test_a_post_change_receiver_of_its_own_decides_what_is_sent(base: Any, harbour: Any, groups: Any) -> None:
    class Quiet(base):  # type: ignore[misc]  # a class of the test's
        model = harbour.Boat

        @classmethod
        def post_change_receiver(cls, instance: Any, action: str, **kwargs: Any) -> None:
            if action != UPDATE:
                cls().send_messages(instance, ["fleet"], action, **kwargs)

    boat = harbour.Boat.objects.create(name="Ada")
    boat.save()
    assert groups.actions() == [("fleet", "create", boat.pk)]
    assert Quiet.model is harbour.Boat


@pytest.mark.parametrize("name", RECEIVERS)
def test_each_receiver_of_a_signal_is_called(base: Any, harbour: Any, groups: Any, name: str) -> None:
    seen: list[Any] = []

    def receiver(cls: Any, instance: Any, **kwargs: Any) -> None:
        seen.append((instance, kwargs))
        if "created" in kwargs:
            super(own, own).post_save_receiver(instance, **kwargs)
        else:
            getattr(super(own, own), name)(instance, **kwargs)

    own = type("Own", (base,), {"model": harbour.Boat, name: classmethod(receiver), "__module__": __name__})
    boat = harbour.Boat.objects.create(name="Ada")
    boat.delete()
    [(instance, kwargs)] = seen
    assert instance is boat
    assert kwargs["sender"] is harbour.Boat
    assert kwargs["using"] == "default"
    assert [action for _, action, _ in groups.actions()] == ["create", "delete"]


def test_a_save_receiver_may_wait_for_the_commit(base: Any, harbour: Any, groups: Any) -> None:
    class Waiting(base):  # type: ignore[misc]  # a class of the test's
        model = harbour.Boat

        @classmethod
        def post_save_receiver(cls, instance: Any, created: bool, **kwargs: Any) -> None:
            transaction.on_commit(lambda: cls.post_change_receiver(instance, CREATE if created else UPDATE, **kwargs))

        @classmethod
        def post_change_receiver(cls, instance: Any, action: str, **kwargs: Any) -> None:
            cls().send_messages(instance, cls.group_names(instance), action, **kwargs)

    with transaction.atomic():
        boat = harbour.Boat.objects.create(name="Ada")
        assert groups.actions() == []
    assert groups.actions() == [("dock-north", "create", boat.pk)]
    assert Waiting.model is harbour.Boat


def test_a_library_of_1x_with_receivers_groups_and_a_metaclass_of_its_own_sends(
    base: Any, harbour: Any, groups: Any
) -> None:
    class Meta(BindingMetaclass):
        def __new__(mcs, name: str, bases: Any, body: Any) -> Any:
            return super().__new__(mcs, name, bases, {**body, "actions": ("create",)})

    class Resource(base, metaclass=Meta):  # type: ignore[misc]  # a class of the test's
        model = None
        fields: list[str] = []

        @classmethod
        def pre_change_receiver(cls, instance: Any, action: str) -> None:
            names = set() if action == CREATE else set(cls.group_names(instance, action))
            instance.__dict__.setdefault("_names_before", {})[cls] = names

        @classmethod
        def post_change_receiver(cls, instance: Any, action: str, **kwargs: Any) -> None:
            old = instance._names_before[cls]
            new = set() if action == DELETE else set(cls.group_names(instance, action))
            cls().send_messages(instance, old - new, DELETE, **kwargs)
            cls().send_messages(instance, old & new, UPDATE, **kwargs)
            cls().send_messages(instance, new - old, CREATE, **kwargs)

        @classmethod
        def group_names(cls, instance: Any, action: str) -> list[str]:  # type: ignore[override]  # as in early releases
            return [f"{cls.model_label}-{action}"]

    class Boats(Resource):
        model = harbour.Boat

    boat = harbour.Boat.objects.create(name="Ada")
    boat.save()
    pk = boat.pk
    boat.delete()
    assert groups.actions() == [(f"harbour.boat-{action}", action, pk) for action in ("create", "update", "delete")]
    assert Boats.actions == ("create",)  # type: ignore[attr-defined]  # of its metaclass


def test_group_names_may_ask_for_the_action(base: Any, harbour: Any, groups: Any) -> None:
    class Asking(base):  # type: ignore[misc]  # a class of the test's
        model = harbour.Boat
        fields = ["crew"]

        @classmethod
        def group_names(cls, instance: Any, action: str) -> list[str]:
            return [f"boats-{action}"]

    boat = harbour.Boat.objects.create(name="Ada")
    boat.save()
    boat.crew.add(harbour.Crew.objects.create(name="Ole"))
    harbour.Boat.objects.update(dock="south")
    boat.delete()
    harbour.Boat.objects.bulk_create([harbour.Boat(name="Eva")])
    actions = ["create", "update", "update", "update", "delete", "create"]
    assert [(group, action) for group, action, _ in groups.actions()] == [(f"boats-{name}", name) for name in actions]
    assert Asking.model is harbour.Boat


def test_other_changes_than_saves_and_deletions_are_not_sent_past_receivers(
    base: Any, harbour: Any, groups: Any
) -> None:
    class Hiding(base):  # type: ignore[misc]  # a class of the test's
        model = harbour.Boat
        fields = ["crew"]

        @classmethod
        def post_change_receiver(cls, instance: Any, action: str, **kwargs: Any) -> None:
            """Send nothing."""

    boat = harbour.Boat.objects.create(name="Ada", pilot=harbour.Crew.objects.create(name="Ida"))
    boat.crew.add(harbour.Crew.objects.create(name="Ole"))
    harbour.Boat.objects.update(dock="south")
    boat.pilot.delete()
    assert groups.actions() == []
    assert Hiding.model is harbour.Boat


def test_a_receiver_that_raises_is_logged_and_the_change_stays(
    base: Any, harbour: Any, groups: Any, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing(base):  # type: ignore[misc]  # a class of the test's
        model = harbour.Boat

        @classmethod
        def pre_change_receiver(cls, instance: Any, action: str) -> None:
            raise LookupError("not today")

    with transaction.atomic():
        harbour.Boat.objects.create(name="Ada").delete()
        harbour.Boat.objects.create(name="Eva")
    assert harbour.Boat.objects.get().name == "Eva"
    failed = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert [message.split(" ")[0].rpartition(".")[2] for message in failed] == [
        "pre_save_receiver",
        "pre_delete_receiver",
        "pre_save_receiver",
    ]
    assert Failing.model is harbour.Boat


def test_receivers_are_called_for_loaded_fixtures(base: Any, harbour: Any, groups: Any, tmp_path: Any) -> None:
    seen: list[str] = []

    class Seeing(base):  # type: ignore[misc]  # a class of the test's
        model = harbour.Crew

        @classmethod
        def group_names(cls, instance: Any) -> list[str]:
            return ["crew"]

        @classmethod
        def post_change_receiver(cls, instance: Any, action: str, **kwargs: Any) -> None:
            seen.append(action)

    fixture = tmp_path / "harbour.json"
    fixture.write_text('[{"model": "harbour.crew", "pk": 9, "fields": {"name": "Ole"}}]')
    call_command("loaddata", fixture, verbosity=0)
    assert seen == ["create"]
    assert Seeing.model is harbour.Crew


def test_the_default_post_change_receiver_is_called_by_signals_only(base: Any, harbour: Any) -> None:
    with pytest.raises(RuntimeError, match="is called by signals only; send with send_messages"):
        base.post_change_receiver(harbour.Boat(), UPDATE)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (
            {"group_names": classmethod(lambda cls: [])},
            r"group_names takes the arguments \(\): write `def group_names\(cls",
        ),
        ({"group_names": classmethod(lambda cls, a, b, c: [])}, r"group_names takes the arguments \(a, b, c\)"),
        ({"get_registered_models": classmethod(lambda cls: [])}, r"get_registered_models is not called: set `model`"),
        ({"_hydrate": lambda self, pk, data: None}, r"_hydrate is not called: override create\(data\) and update"),
    ],
)
def test_a_hook_that_is_not_called_is_an_error_at_the_start(base: Any, harbour: Any, body: Any, error: str) -> None:
    with pytest.raises(ConfigurationError, match=error):
        type("Wrong", (base,), {"model": harbour.Boat, **body})
