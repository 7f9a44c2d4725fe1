"""Groups whose marks the store has lost, or that were to live for a short time only."""

from typing import Any

from ...wirefaults.site import until
from ...wirefaults.stage import PATIENCE, Stage

GROUPS = 40


def test_all_groups_are_announced_at_once_when_the_store_does_not_know_one(play: Any) -> None:
    async def scene(stage: Stage) -> None:
        await stage.start_interface()
        stage.start_worker("a")
        talker = await stage.opened()
        groups = [f"group-{number}" for number in range(GROUPS)]
        for group in groups:
            stage.direct.group_add(group, talker.name)
        await until(lambda: set(groups) <= set(stage.hub.edge._index.groups), PATIENCE, "the groups are joined")
        await stage.renewed()
        for group in groups:
            stage.forget_marks(group)
        for _ in range(2):
            await stage.renewed()
        assert [group for group in groups if not stage.direct.group_channels(group)] == []

    play(scene)


def test_a_short_group_expiry_does_not_take_sockets_out_of_their_groups(play: Any) -> None:
    async def scene(stage: Stage) -> None:
        await stage.start_interface()
        stage.start_worker("a")
        talker = await stage.opened()
        assert stage.marks_for_seconds("room") > 40
        assert stage.direct.group_channels("room") == [talker.name]

    play(scene, group_expiry=1)
