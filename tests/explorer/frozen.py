"""Plain data as hashable tuples, and back: states are compared, and copied, in this form."""

from dataclasses import fields, is_dataclass
from typing import Any

_SCALARS = frozenset({str, bytes, int, float, bool, type(None)})
_FIELDS: dict[type, tuple[str, ...]] = {}


def freeze(value: Any) -> Any:
    """Return a hashable copy of scalars, lists, tuples, dicts, sets, named tuples and dataclasses of these."""
    kind = type(value)
    if kind in _SCALARS:
        return value
    if kind is list or kind is tuple:
        return (kind, *map(freeze, value))
    if kind is dict:
        return (dict, *[(key, freeze(item)) for key, item in value.items()])
    if kind is set:
        return (set, *sorted(value))
    if isinstance(value, tuple):
        return (kind, *map(freeze, value))
    if is_dataclass(value) and not isinstance(value, type):
        return (kind, *[freeze(getattr(value, name)) for name in _names(kind)])
    return value


def thaw(frozen: Any) -> Any:
    """Return a copy of the frozen object."""
    if type(frozen) is not tuple:
        return frozen
    kind, *items = frozen
    if kind is list or kind is tuple or kind is set:
        return kind(map(thaw, items))
    if kind is dict:
        return {key: thaw(item) for key, item in items}
    return kind(*map(thaw, items))


def _names(kind: type) -> tuple[str, ...]:
    if kind not in _FIELDS:
        _FIELDS[kind] = tuple(field.name for field in fields(kind))
    return _FIELDS[kind]


class Interned:
    """Numbers for hashable values: equal values have one number, which is compared and stored cheaply."""

    def __init__(self) -> None:
        self._numbers: dict[Any, int] = {}
        self._values: list[Any] = []

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, number: int) -> Any:
        return self._values[number]

    def number(self, value: Any) -> int:
        """Return the number of a value, a new one for a new value."""
        found = self._numbers.get(value)
        if found is None:
            found = self._numbers[value] = len(self._values)
            self._values.append(value)
        return found
