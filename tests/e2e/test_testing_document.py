"""The examples of docs/testing.md, in a project of their own, as its author would run them."""

import re
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

_BLOCK = re.compile(
    r"^```python\n# (?P<name>\S+\.py|settings of the examples)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL
)

SETTINGS = """
import os
DEBUG = False
SECRET_KEY = "for tests"
ALLOWED_HOSTS = ["*"]
USE_TZ = True
INSTALLED_APPS = ["towpath", "chat"]
INSTALLED_APPS += [f"django.contrib.{name}" for name in ("auth", "contenttypes", "sessions", "staticfiles")]
MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STATIC_URL = "static/"
ROOT_URLCONF = "urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
"""

PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")

#: What pytest-django would do.
CONFTEST = """
import os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
django.setup()
"""


@pytest.fixture
def examples(project: Any, redis_url: str) -> Any:
    """The project of the document; its tests meet on this run's Redis."""
    document = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
    blocks = {match["name"]: match["code"] for match in _BLOCK.finditer(document)}
    settings = blocks.pop("settings of the examples").replace("redis://127.0.0.1:6379/0", redis_url)
    project.write("settings.py", SETTINGS + settings)
    project.write("chat/__init__.py", "")
    files = ("consumers", "routing", "tests", "test_live", "test_fixtures", "test_live_fixture", "test_live_user")
    assert set(blocks) == {f"chat/{name}.py" for name in files}
    for name, code in blocks.items():
        project.write(name, code)
    return project


def test_they_pass_under_djangos_runner(examples: Any) -> None:
    run = examples.manage("test", "--pattern", "test*.py", "-v", "2")
    assert run.wait() == 0, run.output
    assert "Ran 7 tests" in run.output
    assert not (examples.folder / "test.sqlite3").exists()


def test_the_fixtures_are_there_for_pytest(examples: Any) -> None:
    examples.write("conftest.py", CONFTEST)
    run = examples.run(*PYTEST, "-p", "no:django", "chat/test_fixtures.py", "chat/test_live_fixture.py")
    assert run.wait() == 0, run.output
    assert "3 passed" in run.output


def test_with_pytest_django_a_live_site_is_on_the_database_of_the_test(examples: Any) -> None:
    run = examples.run(*PYTEST, "--ds", "settings", "chat/test_fixtures.py", "chat/test_live_user.py", "chat/tests.py")
    assert run.wait() == 0, run.output
    assert "9 passed" in run.output
    assert not (examples.folder / "test.sqlite3").exists()
