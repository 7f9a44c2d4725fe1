"""The base of the visitors of a module: where a node is in the text, and the name something was imported as."""

from collections.abc import Iterator

import libcst as cst
from libcst.metadata import (
    ByteSpanPositionProvider,
    ExpressionContextProvider,
    PositionProvider,
    QualifiedNameProvider,
    QualifiedNameSource,
    ScopeProvider,
)

from .changes import Edit, Finding


class Reading(cst.CSTVisitor):
    """A visitor that collects edits and findings, and changes nothing."""

    METADATA_DEPENDENCIES = (
        ByteSpanPositionProvider,
        ExpressionContextProvider,
        PositionProvider,
        QualifiedNameProvider,
        ScopeProvider,
    )

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.source = text.encode()
        self.edits: list[Edit] = []
        self.findings: list[Finding] = []

    def span(self, node: cst.CSTNode) -> tuple[int, int]:
        """Return the bytes that a node takes, without the space round it."""
        span = self.get_metadata(ByteSpanPositionProvider, node)
        return span.start, span.start + span.length

    def line(self, node: cst.CSTNode) -> int:
        """Return the line a node begins on."""
        return int(self.get_metadata(PositionProvider, node).start.line)

    def replace(self, node: cst.CSTNode, text: str) -> None:
        """Replace the text of a node."""
        self.edits.append(Edit(*self.span(node), text))

    def find(self, node: cst.CSTNode, what: str, instead: str) -> None:
        """Name something that a person has to decide."""
        self.findings.append(Finding(self.line(node), what, instead))

    def is_bound(self, root: cst.CSTNode) -> bool:
        """Return whether the module defines a name anywhere."""
        return bool(self.get_metadata(QualifiedNameProvider, root, None))

    def imported_names(self, root: cst.CSTNode) -> Iterator[str]:
        """Yield the imported objects that a name refers to."""
        for qualified in self.get_metadata(QualifiedNameProvider, root, set()):
            if qualified.source is QualifiedNameSource.IMPORT:
                yield qualified.name


def dotted(node: cst.BaseExpression) -> str | None:
    """Return `a.b.c` for a chain of plain names; None for anything else."""
    match node:
        case cst.Name(value=value):
            return value
        case cst.Attribute(value=owner, attr=cst.Name(value=last)):
            first = dotted(owner)
            return None if first is None else f"{first}.{last}"
    return None


def literal(node: cst.CSTNode) -> str | None:
    """Return the value of a plain string literal; None for anything else, also for one whose escapes are wrong."""
    if isinstance(node, cst.SimpleString) and "b" not in node.prefix.lower():
        try:
            value = node.evaluated_value
        except (SyntaxError, ValueError):
            return None
        return value if isinstance(value, str) else None
    return None


def quoted(node: cst.SimpleString, value: str) -> str:
    """Return a literal for another value, with the quotes and prefix of this one."""
    return f"{node.prefix}{node.quote}{value}{node.quote}"
