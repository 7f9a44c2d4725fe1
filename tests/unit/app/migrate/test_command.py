"""`towpath-migrate` on folders: what it writes, shows and says, and how it exits."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from towpath.migrate.cli import ExitCode, main
from towpath.migrate.project import FileOutcome

SETTINGS = 'INSTALLED_APPS = ["channels"]\n'
PAGE = '<script src="{% static "channels/js/websocketbridge.js" %}"></script>\r\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with something to rewrite in it, and with what is not to be looked at."""
    for name, text in {
        "mysite/settings.py": SETTINGS,
        "templates/index.html": PAGE,
        ".venv/lib/channels.py": SETTINGS,
        "env/pyvenv.cfg": "",
        "env/settings.py": SETTINGS,
        "node_modules/a/index.js": "require('django-channels')",
    }.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_it_rewrites_what_is_the_projects_own_and_says_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(folder)]) == ExitCode.DONE
    assert (folder / "mysite/settings.py").read_text() == 'INSTALLED_APPS = ["towpath"]\n'
    assert (folder / "templates/index.html").read_bytes() == PAGE.replace("channels/js", "towpath").encode()
    assert (folder / ".venv/lib/channels.py").read_text() == SETTINGS
    assert (folder / "env/settings.py").read_text() == SETTINGS
    said = capsys.readouterr().out
    assert said.splitlines() == [
        f"{folder}/mysite/settings.py: rewritten",
        f"{folder}/templates/index.html: rewritten",
        "2 files rewritten, 0 things to be done by hand.",
    ]
    assert main([str(folder)]) == ExitCode.DONE
    assert capsys.readouterr().out == "0 files rewritten, 0 things to be done by hand.\n"


def test_check_writes_nothing_and_exits_with_1_until_nothing_is_to_do(folder: Path) -> None:
    before = contents(folder)
    assert main(["--check", str(folder)]) == ExitCode.TO_DO
    assert contents(folder) == before
    assert main([str(folder)]) == ExitCode.DONE
    assert main(["--check", str(folder)]) == ExitCode.DONE


def test_diff_shows_what_would_be_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = contents(folder)
    assert main(["--diff", str(folder / "mysite/settings.py")]) == ExitCode.TO_DO
    assert contents(folder) == before
    assert '\n-INSTALLED_APPS = ["channels"]\n+INSTALLED_APPS = ["towpath"]\n' in capsys.readouterr().out


def test_lines_of_findings_are_those_of_the_written_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.py"
    file.write_text("from channels.message import Message, pending_message_store\nfrom channels.hacks import x\n")
    assert main([str(tmp_path)]) == ExitCode.TO_DO
    lines = [line.partition(" ")[0] for line in capsys.readouterr().out.splitlines()]
    assert lines == [f"{file}:", f"{file}:2:", f"{file}:3:", "1"]


def test_a_file_that_cannot_be_read_is_named_and_others_go_on(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.py").write_bytes(b"# channels \xff\n")
    (folder / "b.py").write_text("import channels\nprint 'python 2'\n")
    (folder / "other.html").write_bytes(b"\xff, and nothing that concerns us")
    assert main([str(folder)]) == ExitCode.TO_DO
    said = capsys.readouterr().out
    assert f"{folder}/a.py:1: this file cannot be read" in said
    assert f"{folder}/b.py:2: this file cannot be parsed" in said
    assert "2 files rewritten, 2 things to be done by hand." in said


def test_a_file_that_cannot_be_written_is_left_to_do_and_others_go_on(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write = FileOutcome.write

    def refuse(file: FileOutcome) -> None:
        if file.path.suffix == ".py":
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        write(file)

    monkeypatch.setattr(FileOutcome, "write", refuse)
    assert main([str(folder)]) == ExitCode.TO_DO
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"{folder}/mysite/settings.py: to be rewritten, but cannot be written: Read-only file system"
    assert said[-1] == "1 file rewritten, 0 things to be done by hand."


def test_links_are_not_followed(tmp_path: Path) -> None:
    elsewhere, project = tmp_path / "elsewhere", tmp_path / "project"
    for place in (elsewhere, project):
        place.mkdir()
    (elsewhere / "settings.py").write_text(SETTINGS)
    (project / "folder").symlink_to(elsewhere)
    (project / "settings.py").symlink_to(elsewhere / "settings.py")
    assert main([str(project)]) == ExitCode.DONE
    assert (elsewhere / "settings.py").read_text() == SETTINGS


def test_encodings_stay(tmp_path: Path) -> None:
    latin = tmp_path / "latin.py"
    latin.write_bytes("# coding: latin-1\nimport channels  # é\n".encode("latin-1"))
    marked = tmp_path / "marked.py"
    marked.write_bytes("import channels  # é\n".encode("utf-8-sig"))
    assert main([str(tmp_path)]) == ExitCode.DONE
    assert latin.read_bytes() == "# coding: latin-1\nimport towpath  # é\n".encode("latin-1")
    assert marked.read_bytes() == "import towpath  # é\n".encode("utf-8-sig")


@pytest.mark.parametrize(
    ("name", "line", "instead"),
    [
        ("requirements.txt", "channels==1.1.8", "towpath[speedups]"),
        ("requirements.in", "asgiref~=1.1", "towpath[speedups]"),
        ("requirements.txt", "asgiref==0.14.0", "towpath[speedups]"),
        ("requirements.txt", "channels==1.1.8 ; python_version < '3'", "towpath[speedups]"),
        ("constraints.txt", "daphne==1.4.2", "towpath[speedups]"),
        ("tox.ini", "    py36-channels1: channels>=1,<2", "towpath[speedups]"),
        ("tox.ini", "deps = channels==1.1.8", "towpath[speedups]"),
        ("setup.cfg", "    channels>=1", "towpath[speedups]"),
        ("environment.yml", "  - channels=1.1.8", "towpath[speedups]"),
        ("environment.yml", "    - asgi_amqp==1.1.3", "towpath[speedups]"),
        ("pyproject.toml", 'dependencies = ["Django>=1.8", "channels>=1.1"]', "towpath[speedups]"),
        ("Dockerfile", "RUN pip install --no-cache-dir channels==1.1.8 asgi_redis", "towpath[speedups]"),
        (".github/workflows/ci.yml", "      - run: pip install 'channels<2'", "towpath[speedups]"),
        ("site.conf.j2", "command={{ venv }}/bin/daphne -b 0.0.0.0 mysite.asgi:channel_layer", "towpath-interface"),
        ("Dockerfile.template", 'CMD ["daphne","-b","0.0.0.0","mysite.asgi:channel_layer"]', "towpath-interface"),
        ("start.sh", "exec daphne \\", "towpath-interface"),
        ("start.sh", "python -m daphne $ASGI_APP", "towpath-interface"),
        ("settings.py.j2", "from channels.asgi import get_channel_layer", "a template is not rewritten"),
        ("settings.py-tpl", "    'channels',", "a template is not rewritten"),
        ("base.html", '<script src="https://unpkg.com/django-channels@1.1.6/dist/a.js"></script>', "findstatic"),
        ("awx.yml", "BACKEND: asgi_amqp.AMQPChannelLayer", "towpath.layers.redis"),
        ("dev-requirements.txt", "channels", "towpath[speedups]"),
        ("requirements/base.txt", "asgi_redis>=1.4,<2", "towpath[speedups]"),
        ("Pipfile", 'daphne = "*"', "towpath[speedups]"),
        ("pyproject.toml", '  "channels[redis]>=1",', "towpath[speedups]"),
        ("Procfile", "web: daphne mysite.asgi:channel_layer -p $PORT", "towpath-interface"),
        ("docker-compose.yml", '    command: ["daphne", "-b", "0.0.0.0", "mysite.asgi:channel_layer"]', "--help"),
        ("deploy/site.conf", "command=/venv/bin/daphne mysite.asgi:channel_layer", "towpath-interface"),
        ("run.sh", "python manage.py rundelay", "take it out"),
        (".env", "CHANNEL_BACKEND=asgi_redis.RedisChannelLayer", "towpath.layers.redis.RedisChannelLayer"),
        ("docker-compose.yml", "      BACKEND: asgi_rabbitmq.RabbitmqChannelLayer", "towpath.layers.redis"),
        ("assets/app.js", "import { WebSocketBridge } from 'django-channels'", "findstatic"),
        ("package.json", '  "django-channels": "^1.1.6",', "findstatic"),
    ],
)
def test_other_files_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, line: str, instead: str
) -> None:
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True, parents=True)
    file.write_text(f"\n{line}\n")
    assert main([str(tmp_path)]) == ExitCode.TO_DO
    [said, _] = capsys.readouterr().out.splitlines()
    assert said.startswith(f"{file}:2: {line.strip()} -> ")
    assert instead in said


@pytest.mark.parametrize(
    ("name", "line"),
    [
        *(
            ("requirements.txt", line)
            for line in (
                "# channels==1", "channels-panel==1", "asgiref==3.11.0", "asgiref", "towpath",
                "from channels import daphne_x", "    # via channels, daphne", "-e git+https://example.com/x#egg=channelsx",
            )
        ),
        ("environment.yml", "channels:"),
        ("environment.yml", "  - conda-forge"),
        ("tox.ini", "envlist = py36-channels1"),
        ("nginx.conf", "upstream daphne {"),
        ("nginx.conf", "    server daphne:9000;"),
        ("nginx.conf", "    proxy_pass http://daphne;"),
        ("nginx.conf", "    proxy_pass http://daphne/ws/;"),
        ("docker-compose.yml", "  daphne:"),
        ("docker-compose.yml", "    container_name: daphne"),
        ("docker-compose.yml", "      - daphne"),
        ("supervisor.conf", "[program:daphne]"),
        ("daphne.service", "Description=daphne server of the site"),
        ("deploy.sh", "systemctl restart daphne"),
        ("deploy.sh", "systemctl restart daphne-prod.service"),
        ("Makefile", "daphne: venv"),
    ],
)  # fmt: skip
def test_other_lines_are_not(tmp_path: Path, name: str, line: str) -> None:
    (tmp_path / name).write_text(f"{line}\n")
    assert main([str(tmp_path)]) == ExitCode.DONE


def test_what_a_file_requires_is_one_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text("asgi-redis==1.4.3\nasgiref==1.1.2\nDjango==1.11\nchannels==1.1.8\ndaphne==1.4.2\n")
    assert main([str(tmp_path)]) == ExitCode.TO_DO
    assert capsys.readouterr().out.splitlines() == [
        f"{file}:1: asgi-redis==1.4.3 -> require towpath[speedups] in its place, and take out asgiref (line 2), "
        "channels (line 4), daphne (line 5)",
        "0 files rewritten, 1 thing to be done by hand.",
    ]


def test_a_path_that_is_not_there_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "nothing")]) == ExitCode.USAGE
    assert "give the folder of the project" in capsys.readouterr().err


def test_without_libcst_it_says_what_to_install() -> None:
    program = "import sys; sys.modules['libcst'] = None\nfrom towpath.migrate.cli import main\nsys.exit(main(['.']))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "towpath-migrate needs the package libcst: install towpath[migrate]\n")


RECEIVE_ONLY = "from channels import route\n\nchannel_routing = [\n    route('websocket.receive', 'a.b'),\n]\n"
TWO_PATHS = """
from channels import route

channel_routing = [
    route("websocket.connect", "a.b", path=r"^/chat/$"),
    route("websocket.receive", "a.b", path=r"^/chat/(?P<room>.*)$"),
    route("websocket.receive", "a.b", path=r"^/blog/$"),
]
"""
RECEIVING_CLASS = """
from channels.generic import BaseConsumer

class Echo(BaseConsumer):
    method_mapping = {
        "websocket.receive": "receive",
    }

class Chat(BaseConsumer):
    method_mapping = {"websocket.connect": "connect", "websocket.receive": "receive"}

channel_routing = [Echo.as_route(path="^/$"), Chat.as_route()]
"""
LOOK_UP = "from channels.sessions import session_for_reply_channel\n\nsession_for_reply_channel(name)\n"
OWN_CHANNEL = """
from channels import route
from channels.sessions import channel_session

@channel_session
def join(message):
    pass

def send(message):
    pass

routing = {"chat.send": send, "websocket.connect": "chat.connect", "chat.leave": join}
channel_routing = [route("websocket.connect", join), route(["chat.join"], "chat.consumers.join", command="^join$")]
"""


@pytest.mark.parametrize(
    ("files", "lines"),
    [
        ({"routing.py": RECEIVE_ONLY}, ["routing.py:4: websocket.receive without websocket.connect"]),
        ({"routing.py": "channel_routing = {\n 'websocket.receive': 'a.b'}\n"}, ["routing.py:2: websocket.receive"]),
        ({"routing.py": RECEIVE_ONLY, "more.py": "R = {'websocket.connect': f}\n"}, []),
        ({"routing.py": RECEIVE_ONLY, "more.py": "import towpath\nR = [Echo.as_route(path='/')]\n"}, []),
        ({"routing.py": TWO_PATHS}, ["routing.py:7: websocket.receive without websocket.connect"]),
        ({"routing.py": RECEIVING_CLASS}, ["routing.py:4: Echo without websocket.connect"]),
        ({"routing.py": RECEIVING_CLASS, "more.py": "R = {'websocket.connect': f}\n"}, []),
        ({"a.py": LOOK_UP}, ["a.py:3: session_for_reply_channel"]),
        ({"a.py": LOOK_UP, "settings.py": "CHANNEL_SESSION_ENGINE = 'django.contrib.sessions.backends.db'\n"}, []),
        ({"a.py": OWN_CHANNEL}, ["a.py:12: chat.leave to join", "a.py:13: chat.join to join"]),
        ({"a.py": OWN_CHANNEL, "settings.py": "CHANNEL_SESSION_ENGINE = 'django.contrib.sessions.backends.db'\n"}, []),
    ],
)
def test_what_works_otherwise_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], files: dict[str, str], lines: list[str]
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert main([str(tmp_path)]) == (ExitCode.TO_DO if lines else ExitCode.DONE)
    said = [line.removeprefix(f"{tmp_path}/") for line in capsys.readouterr().out.splitlines() if " -> " in line]
    assert [line.startswith(expected) for line, expected in zip(said, lines, strict=True)] == [True] * len(lines)
