"""Pauses of channels."""

from .case import LayerCase


class PauseCases(LayerCase):
    """`ChannelLayer.administration`, as far as it is about channels, and what the renewal of leases says of it."""

    def test_a_paused_channel_is_named_until_it_is_resumed(self) -> None:
        orders = self.layer.administration()
        self.assertEqual(orders.paused(), {})
        orders.pause("jobs")
        orders.pause("mail")
        self.assertEqual(orders.paused(), {"jobs": None, "mail": None})
        self.assertIs(orders.resume("jobs"), True)
        self.assertIs(orders.resume("jobs"), False)
        self.assertEqual(orders.paused(), {"mail": None})

    def test_a_pause_with_a_duration_ends_by_itself(self) -> None:
        orders = self.layer.administration()
        orders.pause("short", 0.2)
        orders.pause("long", 3600)
        self.eventually(lambda: "short" not in orders.paused())
        left = orders.paused()["long"]
        assert left is not None
        self.assertTrue(3500 < left <= 3600, left)
        self.assertIs(orders.resume("short"), False)

    def test_a_later_pause_replaces_the_one_before(self) -> None:
        orders = self.layer.administration()
        orders.pause("jobs")
        orders.pause("jobs", 0.2)
        self.eventually(lambda: orders.paused() == {})

    def test_durations_that_are_no_time_or_longer_than_a_year_are_refused(self) -> None:
        for seconds in (0, -1, float("nan"), float("inf"), 400 * 86_400):
            with self.subTest(seconds=seconds), self.assertRaisesRegex(ValueError, "at most a year"):
                self.layer.administration().pause("jobs", seconds)

    def test_the_renewal_of_leases_names_the_paused_channels(self) -> None:
        self.assertEqual(self.layer.renew_leases(["reader"]), ({"reader"}, set()))
        self.layer.administration().pause("jobs")
        self.assertEqual(self.layer.renew_leases(["reader"]), ({"reader"}, {"jobs"}))
        self.assertEqual(self.layer.renew_leases([]), (set(), {"jobs"}))

    def test_a_paused_channel_takes_messages_and_keeps_them(self) -> None:
        self.layer.administration().pause("jobs")
        self.layer.send("jobs", {"n": 1})
        self.assertEqual(self.contents("jobs"), [{"n": 1}])
