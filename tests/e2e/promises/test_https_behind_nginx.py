"""The shipped nginx file with TLS, and the shipped variables: pages, forms and sockets of a project are secure."""

import http.client
import json
import re
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from ...fakes.nginx import Nginx, find_nginx

VARIABLES = Path(__file__).parents[3] / "deploy" / "supervisor.env"
PATIENCE_SECONDS = 60
#: The address of the client: nginx, on 127.0.0.1, must not be taken for it.
CLIENT = "127.0.0.5"

MORE_SETTINGS = """
ALLOWED_HOSTS = ["example.com"]
INSTALLED_APPS += ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [Path(__file__).parent]}]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
LOGIN_REDIRECT_URL = "/who/"
"""

URLS = """
from django.contrib.auth.views import LoginView
from django.http import JsonResponse
from django.urls import path

def who(request):
    seen = [request.user.get_username(), request.is_secure(), request.META["REMOTE_ADDR"], request.build_absolute_uri()]
    return JsonResponse(seen, safe=False)

urlpatterns = [path("login/", LoginView.as_view(template_name="login.html")), path("who/", who)]
"""

ROUTES = """
from towpath import route
channel_routing = [route("websocket.connect", "consumers.greet", path=r"^/me/$")]
"""

CONSUMERS = """
import json
from towpath.auth import channel_session_user_from_http

@channel_session_user_from_http
def greet(message):
    message.reply_channel.send({"accept": True})
    message.reply_channel.send({"text": json.dumps([message.user.get_username(), message["client"][0]])})
"""


class Browser:
    """Sends requests to the site over connections of its own, with the cookies that it has been given."""

    def __init__(self, nginx: Nginx) -> None:
        self._nginx = nginx
        self.origin = f"https://example.com:{nginx.https_port}"
        self._cookies: dict[str, str] = {}

    def ask(self, method: str, path: str, origin: str = "", **form: str) -> http.client.HTTPResponse:
        """Send a request, or a form of a page of `origin`; return the response, whose content is read."""
        connection = http.client.HTTPConnection("example.com", self._nginx.https_port, timeout=PATIENCE_SECONDS)
        connection.sock = self._nginx.secure(self.connect())
        with closing(connection):
            headers = {"Origin": origin, "Content-Type": "application/x-www-form-urlencoded"} if form else {}
            connection.request(method, path, urlencode(form) or None, {**headers, "Cookie": self.cookie})
            response = connection.getresponse()
            self.content = response.read().decode()
        for cookie in response.headers.get_all("Set-Cookie", []):
            assert "Secure" in cookie
            name, _, value = cookie.partition(";")[0].partition("=")
            self._cookies[name] = value
        return response

    def csrf_token(self, path: str) -> str:
        """Return the token in the form of a page."""
        self.ask("GET", path)
        found = re.search('name="csrfmiddlewaretoken" value="([^"]+)"', self.content)
        assert found is not None, self.content
        return found[1]

    def open_websocket(self, path: str) -> ClientConnection:
        """Open a WebSocket as a page of the site does."""
        uri = self.origin.replace("https", "wss") + path
        context, cookies = self._nginx.certificate.context(), {"Cookie": self.cookie}
        origin = Origin(self.origin)
        return connect(uri, sock=self.connect(), ssl=context, origin=origin, additional_headers=cookies)

    def connect(self) -> socket.socket:
        """Connect from the address of the client."""
        address = "127.0.0.1", self._nginx.https_port
        return socket.create_connection(address, PATIENCE_SECONDS, source_address=(CLIENT, 0))

    @property
    def cookie(self) -> str:
        """The header with the cookies."""
        return "; ".join(f"{name}={value}" for name, value in self._cookies.items())


@pytest.fixture
def browser(stack: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    """A browser in front of nginx, an interface server with the shipped variables, and a worker."""
    find_nginx()
    for line in VARIABLES.read_text().splitlines():
        if line.startswith("TOWPATH_INTERFACE_"):
            monkeypatch.setenv(*line.split("=", 1))
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "secret of anna")
    project = stack.project
    project.write("settings.py", (project.folder / "settings.py").read_text() + MORE_SETTINGS)
    files = {"urls.py": URLS, "routes.py": ROUTES, "consumers.py": CONSUMERS}
    for name, text in {**files, "login.html": '<form method="post">{% csrf_token %}{{ form }}</form>'}.items():
        project.write(name, text)
    assert project.manage("migrate").wait() == 0
    user = "--username", "anna", "--email", "anna@example.com"
    assert project.manage("createsuperuser", "--noinput", *user).wait() == 0
    _, port = stack.interface()
    stack.worker().wait_for("Starting")
    with Nginx(tmp_path, port) as nginx:
        yield Browser(nginx)


def test_a_login_and_its_socket_are_secure_and_have_the_address_of_the_client(browser: Browser) -> None:
    form = {"username": "anna", "password": "secret of anna", "csrfmiddlewaretoken": browser.csrf_token("/login/")}
    assert browser.ask("POST", "/login/", "http://example.com", **form).status == 403
    response = browser.ask("POST", "/login/", browser.origin, **form)
    assert (response.status, response.headers["Location"]) == (302, "/who/"), browser.content
    browser.ask("GET", "/who/")
    assert json.loads(browser.content) == ["anna", True, CLIENT, f"{browser.origin}/who/"]
    with browser.open_websocket("/me/") as client:
        assert json.loads(client.recv(PATIENCE_SECONDS)) == ["anna", CLIENT]
