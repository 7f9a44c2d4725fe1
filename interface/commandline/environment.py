"""The options of a command as environment variables: TOWPATH_INTERFACE_PORT=8000 is `--port 8000`.

The names are derived from the parser: a prefix and the first long spelling of an option in capitals, with underscores.
An option on the command line replaces its variable; a variable that is empty is not set.
"""

import argparse
import difflib
import os
import shlex
from collections.abc import Callable, Mapping
from typing import Any

#: The prefix of the options of interface servers.
INTERFACE_PREFIX = "TOWPATH_INTERFACE_"
#: Characters of a variable's value that an error shows.
SHOWN_MAX_LENGTH = 80

_SWITCH = {"on": True, "1": True, "true": True, "yes": True, "off": False, "0": False, "false": False, "no": False}

#: Checks the value of an option, by its `dest`; raises ValueError.
Check = Callable[[str, Any], None]


class EnvironmentText(str):
    """The value of an option from a variable: other users of the machine cannot read it."""

    __slots__ = ()


class _Replaceable(list[Any]):
    """The values of an option from a variable: the first one on the command line replaces all of them."""

    def __copy__(self) -> list[Any]:
        return []


def read_environment(
    parser: argparse.ArgumentParser,
    prefix: str,
    *,
    check: Check | None = None,
    without: frozenset[str] = frozenset(),
    environment: Mapping[str, str] | None = None,
) -> list[str]:
    """Make the variables that begin with `prefix` the defaults of the parser's options, and name them in its help.

    `without` are the options, by `dest`, without a variable. An invalid value ends the command like an invalid
    argument, with an error that names the variable.

    Returns:
        Warnings: a sentence for each variable that has the prefix and is not an option.
    """
    variables = os.environ if environment is None else environment
    if parser.epilog is None:
        parser.epilog = (
            "The variable of the environment in brackets gives the same option, unless the command line does: on or "
            "off for one without a value; values of one that may be repeated are separated by commas or spaces."
        )
    actions = {name: action for action in parser._actions if (name := _name_of(action, prefix, without)) is not None}
    for name, action in actions.items():
        if action.help is not argparse.SUPPRESS:
            action.help = f"{action.help or ''} [{name}]".lstrip()
        if text := variables.get(name, "").strip():
            try:
                action.default = _value(action, text)
                if check is not None:
                    check(action.dest, action.default)
            except (argparse.ArgumentTypeError, TypeError, ValueError) as error:
                parser.error(f"the variable {name} cannot be {_shown(text)}: {error}")
    unknown = [name for name in sorted(variables) if name.startswith(prefix) and name not in actions]
    return [_warning(prefix, name, list(actions)) for name in unknown]


def _name_of(action: argparse.Action, prefix: str, without: frozenset[str]) -> str | None:
    """Return the name of an option's variable; None if it has none."""
    if action.dest in without or isinstance(action, (argparse._HelpAction, argparse._VersionAction)):
        return None
    long = [flag for flag in action.option_strings if flag.startswith("--")]
    spelling = long[0].removeprefix("--") if long else action.dest
    return prefix + spelling.replace("-", "_").upper()


def _value(action: argparse.Action, text: str) -> Any:
    if action.nargs == 0:
        if text.lower() not in _SWITCH:
            raise ValueError("expected on or off")
        return _SWITCH[text.lower()]
    if isinstance(action, argparse._AppendAction):
        return _Replaceable(_converted(action, part) for part in _parts(text))
    return _converted(action, text)


def _parts(text: str) -> list[str]:
    """Split values at commas and spaces, except inside quotes."""
    lexer = shlex.shlex(text, posix=True)
    lexer.whitespace += ","
    lexer.whitespace_split = True
    lexer.commenters = ""
    return list(lexer)


def _converted(action: argparse.Action, text: str) -> Any:
    read: Any = EnvironmentText if action.type in (None, str) else action.type
    try:
        value = read(text)
    except argparse.ArgumentTypeError:
        raise
    except (TypeError, ValueError) as error:
        raise ValueError(f"expected a value of type {read.__name__}") from error
    if action.choices is not None and value not in action.choices:
        raise ValueError(f"expected one of {', '.join(map(str, action.choices))}")
    return value


def _shown(text: str) -> str:
    shown = repr(text[:SHOWN_MAX_LENGTH])
    return shown if len(text) <= SHOWN_MAX_LENGTH else f"{shown}..."


def _warning(prefix: str, name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name.removeprefix(prefix), [each.removeprefix(prefix) for each in known], n=1)
    return f"The variable {name} is ignored: it is not an option" + (f"; {prefix}{near[0]} is one" if near else "")
