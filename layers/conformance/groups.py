"""Groups of plain channels and of connections, as any process sees them."""

from .case import LayerCase


class GroupCases(LayerCase):
    """`group_add`, `group_discard`, `group_channels`, `send_group`."""

    def test_a_group_message_reaches_members_only(self) -> None:
        for channel in ("one", "two", "three"):
            self.layer.group_add("group", channel)
        self.layer.group_discard("group", "two")
        self.layer.send_group("group", {"number": 1})
        found = self.drain(["one", "two", "three"])
        self.assertCountEqual(found, [("one", {"number": 1}), ("three", {"number": 1})])

    def test_connections_of_one_process_are_members_too(self) -> None:
        for local in "abc":
            self.layer.group_add("group", f"name!{local}")
        self.layer.group_discard("group", "name!b")
        self.layer.send_group("group", {"number": 1})
        self.assertCountEqual(self.drain(["name!"]), [("name!a", {"number": 1}), ("name!c", {"number": 1})])

    def test_members_may_be_of_every_kind(self) -> None:
        single = self.layer.new_channel("single?")
        members = ["plain", single, "one!a", "one!b", "two!a"]
        for channel in members:
            self.layer.group_add("group", channel)
        self.assertCountEqual(self.layer.group_channels("group"), members)
        self.layer.send_group("group", {})
        self.assertCountEqual([name for name, _ in self.drain(["plain", single, "one!", "two!"])], members)

    def test_the_list_of_members_follows_adds_and_discards(self) -> None:
        self.assertEqual(self.layer.group_channels("group"), [])
        self.layer.group_add("group", "one")
        self.layer.group_add("group", "name!a")
        self.assertCountEqual(self.layer.group_channels("group"), ["one", "name!a"])
        self.layer.group_discard("group", "one")
        self.assertEqual(self.layer.group_channels("group"), ["name!a"])
        self.layer.group_discard("group", "name!a")
        self.assertEqual(self.layer.group_channels("group"), [])

    def test_adding_twice_is_adding_once(self) -> None:
        for channel in ("one", "one", "name!a", "name!a"):
            self.layer.group_add("group", channel)
        self.layer.send_group("group", {})
        self.assertCountEqual(self.drain(["one", "name!"]), [("one", {}), ("name!a", {})])

    def test_discarding_who_is_not_a_member_does_nothing(self) -> None:
        self.layer.group_add("group", "name!a")
        for channel in ("one", "name!b", "other!a"):
            self.layer.group_discard("group", channel)
        self.assertEqual(self.layer.group_channels("group"), ["name!a"])

    def test_groups_do_not_meet(self) -> None:
        self.layer.group_add("one", "name!a")
        self.layer.group_add("two", "name!b")
        self.layer.send_group("one", {"group": 1})
        self.layer.send_group("two", {"group": 2})
        self.assertEqual(self.drain(["name!"]), [("name!a", {"group": 1}), ("name!b", {"group": 2})])

    def test_a_group_without_members_can_be_sent_to(self) -> None:
        self.layer.send_group("nobody", {})

    def test_a_group_and_a_channel_may_have_one_name(self) -> None:
        self.layer.group_add("name", "name")
        self.layer.send_group("name", {"number": 1})
        self.layer.send("name", {"number": 2})
        self.assertEqual(self.contents("name"), [{"number": 1}, {"number": 2}])

    def test_a_connection_gets_what_is_sent_between_its_join_and_its_leave(self) -> None:
        self.layer.group_add("group", "name!other")
        self.layer.send_group("group", {"number": 1})
        self.layer.group_add("group", "name!a")
        self.layer.send_group("group", {"number": 2})
        self.layer.send("name!a", {"number": 3})
        self.layer.send_group("group", {"number": 4})
        self.layer.group_discard("group", "name!a")
        self.layer.send_group("group", {"number": 5})
        found = [content["number"] for channel, content in self.drain(["name!"]) if channel == "name!a"]
        self.assertEqual(found, [2, 3, 4])

    def test_a_group_of_many_connections_reaches_all_of_them(self) -> None:
        members = [f"name!{number}" for number in range(300)]
        for channel in members:
            self.layer.group_add("group", channel)
        for number in range(3):
            self.layer.send_group("group", {"number": number})
        found = self.drain(["name!"])
        self.assertCountEqual(found, [(channel, {"number": number}) for channel in members for number in range(3)])
