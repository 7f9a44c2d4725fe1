"""A bound on bytes, or on a number of things, that all connections of one process share. Plain logic."""


class Budget:
    """An amount from which parts are taken and returned, `max_amount` at a time."""

    __slots__ = ("max_amount", "used_amount")

    def __init__(self, max_amount: int) -> None:
        self.max_amount = max_amount
        self.used_amount = 0

    def has_room(self, amount: int) -> bool:
        """Return whether `take` would succeed."""
        return self.used_amount + amount <= self.max_amount

    def take(self, amount: int) -> bool:
        """Take an amount; return False, and take nothing, if not as much is left."""
        if self.used_amount + amount > self.max_amount:
            return False
        self.used_amount += amount
        return True

    def overdraw(self, amount: int) -> None:
        """Take an amount also if less is left: for things that exist already and have to be counted."""
        self.used_amount += amount

    def give_back(self, amount: int) -> None:
        """Return an amount that was taken."""
        self.used_amount -= amount
