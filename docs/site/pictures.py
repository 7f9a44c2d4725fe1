"""Draws the pictures of the pages: `python -m docs.site.pictures` writes docs/pictures.

Each is a sequence of messages between lanes: data, with rows from top to bottom. It has a light panel of its own, so
that it reads well on a dark page.
"""

from dataclasses import dataclass
from html import escape
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "pictures"

LANE_WIDTH, ROW_HEIGHT, HEAD_HEIGHT, MARGIN = 198, 48, 64, 4
INK, LINE, ACCENT, QUIET, PANEL = "#1f2937", "#94a3b8", "#0f766e", "#64748b", "#f8fafc"
STYLE = "font-family: system-ui, sans-serif; font-size: 17px"


@dataclass(frozen=True, slots=True)
class Arrow:
    """A message from one lane to another; to the same one, it is a note on the lane."""

    start: str
    end: str
    text: str


@dataclass(frozen=True, slots=True)
class Span:
    """An activity of a lane, drawn as a bar over `rows` rows. `is_down`: the process or the line is not there."""

    lane: str
    text: str
    rows: int
    is_down: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """A title for readers who cannot see it, the lanes, and the rows."""

    title: str
    lanes: tuple[str, ...]
    rows: tuple[Arrow | Span, ...]


PICTURES = {
    "message": Picture(
        "The life of a message: from a browser through Redis to a worker, and back to every browser of the group.",
        ("browser", "interface server", "Redis", "worker", "other browsers"),
        (
            Arrow("browser", "interface server", "a text frame"),
            Arrow("interface server", "Redis", "websocket.receive"),
            Span("interface server", "next frame waits", 4),
            Arrow("Redis", "worker", "takes it"),
            Span("worker", "runs receive()", 1),
            Arrow("worker", "Redis", "sends, session"),
            Arrow("Redis", "interface server", "one group entry"),
            Arrow("interface server", "other browsers", "a frame to each member"),
            Arrow("interface server", "browser", "the same frame"),
        ),
    ),
    "deploy": Picture(
        "A deploy: two workers are replaced one after the other. The socket stays open, and messages are handled.",
        ("browser", "interface server", "Redis", "worker 1", "worker 2"),
        (
            Span("interface server", "socket stays open", 8),
            Span("worker 1", "finishes", 1),
            Arrow("browser", "interface server", "a text frame"),
            Span("worker 1", "starts again", 2, is_down=True),
            Arrow("Redis", "worker 2", "runs the old code"),
            Span("worker 2", "finishes", 1),
            Arrow("Redis", "worker 1", "runs the new code"),
            Span("worker 2", "starts again", 2, is_down=True),
            Arrow("interface server", "browser", "the answer"),
        ),
    ),
    "resume": Picture(
        "A resume: the line breaks, the bridge reconnects by itself, and the consumer sends what was missed.",
        ("browser", "interface server", "worker"),
        (
            Arrow("browser", "interface server", "websocket, open"),
            Span("browser", "the line breaks", 1, is_down=True),
            Arrow("interface server", "worker", "websocket.disconnect"),
            Arrow("browser", "browser", "waits; queues new texts"),
            Arrow("browser", "interface server", "/feed/?since=41"),
            Arrow("interface server", "worker", "websocket.connect"),
            Span("worker", "joins, reads", 1),
            Arrow("worker", "browser", "the missed posts 42 and 43"),
            Arrow("browser", "interface server", "queued texts"),
        ),
    ),
}  # fmt: skip


def draw(picture: Picture) -> str:
    """Return a picture as SVG."""
    width = MARGIN * 2 + LANE_WIDTH * len(picture.lanes)
    height = HEAD_HEIGHT + MARGIN + ROW_HEIGHT * len(picture.rows)
    centres = {lane: MARGIN + LANE_WIDTH * (number + 0.5) for number, lane in enumerate(picture.lanes)}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" style="{STYLE}">',
        f"<title>{escape(picture.title)}</title>",
        f'<defs><marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        f'<path d="M0,0 L8,4 L0,8 z" fill="{INK}"/></marker></defs>',
        f'<rect width="{width}" height="{height}" rx="10" fill="{PANEL}"/>',
    ]
    for lane, x in centres.items():
        parts.append(f'<line x1="{x}" x2="{x}" y1="50" y2="{height - 16}" stroke="{LINE}" stroke-dasharray="3 4"/>')
        parts.append(f'<rect x="{x - 82}" y="18" width="164" height="32" rx="6" fill="{ACCENT}"/>')
        parts.append(text(x, 39, lane, "#ffffff", bold=True))
    for number, row in enumerate(picture.rows):
        y = HEAD_HEIGHT + ROW_HEIGHT * number
        if isinstance(row, Arrow):
            parts.append(arrow(row, centres, y))
        else:
            parts.append(span(row, centres[row.lane], y, row.lane == picture.lanes[-1]))
    return "\n".join([*parts, "</svg>", ""])


def arrow(row: Arrow, centres: dict[str, float], y: float) -> str:
    """Return an arrow between two lanes with its text above, or a note beside one lane."""
    start, end = centres[row.start], centres[row.end]
    if start == end:
        return text(start + 12, y + 28, row.text, QUIET, anchor="start")
    side = 9 if end > start else -9
    ends = f'x1="{start + side}" x2="{end - side}" y1="{y + 30}" y2="{y + 30}"'
    line = f'<line {ends} stroke="{INK}" marker-end="url(#head)"/>'
    return line + text((start + end) / 2, y + 23, row.text, INK)


def span(row: Span, x: float, y: float, is_last: bool) -> str:
    """Return a bar on a lane with its text, to the left of the last lane; dashed if nothing is there."""
    look = f'fill="{ACCENT}" fill-opacity="0.28"'
    if row.is_down:
        look = f'fill="{PANEL}" stroke="{LINE}" stroke-dasharray="4 3"'
    bar = f'<rect x="{x - 6}" y="{y + 6}" width="12" height="{ROW_HEIGHT * row.rows - 12}" rx="4" {look}/>'
    place = (
        text(x - 12, y + 28, row.text, QUIET, anchor="end")
        if is_last
        else text(x + 12, y + 28, row.text, QUIET, "start")
    )
    return bar + place


def text(x: float, y: float, content: str, colour: str, anchor: str = "middle", bold: bool = False) -> str:
    """Return a line of text, with a rim in the colour of the panel where it crosses lines."""
    weight = ' font-weight="600"' if bold else f' paint-order="stroke" stroke="{PANEL}" stroke-width="4"'
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="{colour}"{weight}>{escape(content)}</text>'


def main() -> None:
    """Write all pictures."""
    FOLDER.mkdir(exist_ok=True)
    for name, picture in PICTURES.items():
        (FOLDER / f"{name}.svg").write_text(draw(picture), encoding="utf-8")


if __name__ == "__main__":
    main()
