"""Rows of text in columns."""


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    """Return the lines of a table; a table without rows has a line that says so."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in [head, *rows]]
    none = [] if rows else ["(none)"]
    return ["  ".join(line).rstrip() for line in lines] + none
