"""The admin's page in a project of its own: permissions, methods, CSRF, questions. See also `e2e/browser`."""

import json
import subprocess
import sys
from typing import Any

import pytest

PROJECT = """
import json
import django
from django.conf import settings
APPS = ["admin", "auth", "contenttypes", "sessions", "messages"]
PROCESSORS = ["django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
              "django.contrib.messages.context_processors.messages"]
settings.configure(
    SECRET_KEY="for tests", ROOT_URLCONF=__name__, STATIC_URL="static/", ALLOWED_HOSTS=["*"],
    INSTALLED_APPS=["towpath", *("django.contrib." + name for name in APPS), "towpath.operations"],
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.csrf.CsrfViewMiddleware",
                "django.contrib.auth.middleware.AuthenticationMiddleware",
                "django.contrib.messages.middleware.MessageMiddleware"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
                "OPTIONS": {"context_processors": PROCESSORS}}],
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    CHANNEL_LAYERS={"default": {"BACKEND": "towpath.layers.memory.MemoryChannelLayer", "ROUTING": []}},
)
django.setup()
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.test import Client
from django.urls import path
from towpath.operations import orders

urlpatterns = [path("admin/", admin.site.urls)]
call_command("migrate", verbosity=0)
call_command("dumpdata", "--all", stdout=open("/dev/null", "w"))
given = []
orders.ORDERS["pause"] = orders.Order("Pause", "Really?", lambda site, fields: given.append(fields) or "it is paused")
from towpath.operations import admin as page
from types import SimpleNamespace
from towpath.layers.survey import WaitingMessage
message = {"text": "<script>", "headers": [[b"cookie", b"sessionid=secret"], [b"host", b"a.example"]],
           "query_string": b"token=secret", "bytes": b"x" * 5000}
limits = []
survey = SimpleNamespace(peek=lambda channel, limit: limits.append(limit) or [WaitingMessage(2.0, message)])
page._site = lambda alias: SimpleNamespace(survey=survey)
page.recent_status = lambda site: (_ for _ in ()).throw(page.OrderRefused("nothing to see"))

PAGE = "/admin/towpath_operations/runningsite/"
PAUSE = PAGE + "orders/pause/"

def client(name, *codes, **options):
    user = User.objects.create_user(name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=[code + "_runningsite" for code in codes]))
    made = Client(**options)
    made.force_login(user)
    return made

stranger, viewer, operator = client("stranger"), client("viewer", "view"), client("operator", "view", "change")
found = {
    "anonymous": [Client().get(PAGE).status_code, Client().post(PAUSE).status_code],
    "stranger": [stranger.get(PAGE).status_code, stranger.get(PAGE + "state/").status_code],
    "viewer": [viewer.get(PAGE).status_code, viewer.get(PAGE + "state/").status_code],
    "viewer's order": viewer.post(PAUSE, {"channel": "jobs", "confirmed": "1"}).status_code,
    "get": operator.get(PAUSE, {"channel": "jobs", "confirmed": "1"}).status_code,
    "unknown": operator.post(PAGE + "orders/dance/").status_code,
    "forged": client("other", "change", enforce_csrf_checks=True).post(PAUSE, {"confirmed": "1"}).status_code,
}
peeked = viewer.get(PAGE, {"peek": "jobs"})
found["peeked"] = [peeked.status_code, stranger.get(PAGE, {"peek": "jobs"}).status_code, limits]
found["messages"] = peeked.text
found["bad name"] = "not a" in viewer.get(PAGE, {"peek": "not a channel"}).text
found["viewer's restart"] = viewer.post(PAGE + "orders/restart/", {"host": "a", "confirmed": "1"}).status_code
question = operator.post(PAUSE, {"channel": "<jobs>"})
found["question"] = [question.status_code, "Pause &lt;jobs&gt;?" in question.text, "<jobs>" in question.text]
found["before"] = [len(given), LogEntry.objects.count()]
found["done"] = operator.post(PAUSE, {"channel": "jobs", "confirmed": "1"}).status_code
entry = LogEntry.objects.get()
found["log"] = [entry.user.username, entry.object_repr, entry.change_message]
found["given"] = given
found["shown"] = "Pause: it is paused" in operator.get(PAGE).text
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    """The answers of the page to people with and without its permissions."""
    done = subprocess.run([sys.executable, "-c", PROJECT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answers: dict[str, Any] = json.loads(done.stdout)
    return answers


def test_without_the_permission_to_view_there_is_no_page(found: dict[str, Any]) -> None:
    assert (found["anonymous"], found["stranger"]) == ([302, 302], [403, 403])
    assert found["viewer"] == [200, 200]


def test_without_the_permission_to_change_no_order_is_given(found: dict[str, Any]) -> None:
    assert found["viewer's order"] == 403


def test_a_viewer_sees_some_messages_of_a_channel_escaped_cut_and_without_secrets(found: dict[str, Any]) -> None:
    assert found["peeked"] == [200, 403, [10]]
    text = found["messages"]
    assert "Messages of jobs" in text and "2.0 s" in text
    assert "&lt;script&gt;" in text and "&#x27;&lt;script&gt;" in text
    assert "a.example" in text and "cookie" in text and "(12 bytes)" in text
    assert "secret" not in text and "x" * 300 not in text
    assert found["bad name"]


def test_without_the_permission_to_change_no_worker_is_restarted(found: dict[str, Any]) -> None:
    assert found["viewer's restart"] == 403


def test_orders_are_given_by_post_with_a_token_only(found: dict[str, Any]) -> None:
    assert (found["get"], found["forged"], found["unknown"]) == (405, 403, 404)


def test_an_order_is_asked_back_before_it_is_given(found: dict[str, Any]) -> None:
    assert found["question"] == [200, True, False]
    assert found["before"] == [0, 0]


def test_an_order_that_was_given_is_in_the_log_of_the_admin(found: dict[str, Any]) -> None:
    assert (found["done"], found["given"]) == (302, [{"channel": "jobs"}])
    assert found["log"] == ["operator", "jobs", "Pause: it is paused"]
    assert found["shown"]
