"""`docs/settings.md` names every setting that the code of Towpath reads, and no other."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
FOLDERS = ("app", "channels", "interface", "worker")
READ = re.compile(
    r'(?:getattr|_listed)\((?:settings|source|django_settings), "([A-Z_]+)"|^SETTING = "([A-Z_]+)"', re.MULTILINE
)
#: Django's own.
DJANGO = {"DATABASES", "LOGGING"}


def test_both_tables_have_every_setting_that_the_code_reads() -> None:
    sources = [source.read_text(encoding="utf-8") for folder in FOLDERS for source in (ROOT / folder).rglob("*.py")]
    read = {one or other for text in sources for one, other in READ.findall(text)} - DJANGO
    assert "CHANNELS_WS_ALLOWED_ORIGINS" in read
    first, second = re.findall(
        r"(?:^\|.*\n)+", (ROOT / "docs" / "settings.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    for table in (first, second):
        named = set(re.findall(r"^\| `([A-Z_]+)`", table, re.MULTILINE))
        assert read <= named
        assert [
            name
            for name in named - DJANGO
            if not any(f'"{name}"' in text or f"settings.{name}" in text for text in sources)
        ] == []
