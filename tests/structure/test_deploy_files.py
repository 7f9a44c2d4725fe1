"""The files of deploy/ are read by the programs they are for."""

import configparser
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.core.management.base import CommandParser
from supervisor.options import ServerOptions

from towpath.interface.cli import build_parser, check_variable
from towpath.interface.commandline.environment import INTERFACE_PREFIX, read_environment
from towpath.management.commands import runworker

from ..fakes.nginx import Nginx

pytestmark = pytest.mark.once

#: Variables that are options of the commands.
OPTIONS = ("TOWPATH_INTERFACE_", "TOWPATH_WORKER_")
SERVICES = ("towpath-interface@.service", "towpath-worker@.service", "towpath-redis.service")
ALL_SERVICES = (*SERVICES, "towpath-restart.service")
UNITS = ("towpath-interface.socket", *ALL_SERVICES)
#: What `systemd-analyze security` may find of a service, in tenths: from 0, shut, to 100, everything open.
MOST_EXPOSURE = 20


@pytest.fixture(scope="module")
def deploy(root: Path) -> Path:
    return root / "deploy"


@pytest.fixture
def variables(deploy, tmp_path, monkeypatch) -> dict[str, str]:
    """The variables of deploy/supervisor.env, with folders that exist here."""
    found = assignments(deploy / "supervisor.env")
    found |= {"TOWPATH_PROJECT": str(tmp_path), "TOWPATH_STATE": str(tmp_path)}
    (tmp_path / "logs").mkdir()
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    return found


def test_supervisor_reads_its_file_with_the_variables_of_the_example(deploy, variables):
    options = ServerOptions()
    options.realize(["--configuration", str(deploy / "supervisor.conf")])
    programs = {group.name: group.process_configs for group in options.process_group_configs}
    assert list(programs) == ["redis", "worker", "interface"]
    assert len(programs["worker"]) == int(variables["TOWPATH_WORKERS"])
    assert "runworker" in programs["worker"][0].command


def test_programs_stop_in_the_order_that_lets_each_finish(deploy, variables):
    options = ServerOptions()
    options.realize(["--configuration", str(deploy / "supervisor.conf")])
    stopping = [group.name for group in sorted(options.process_group_configs, reverse=True)]
    assert stopping == ["interface", "worker", "redis"]


def test_the_example_lists_exactly_the_variables_that_supervisor_conf_uses(deploy):
    used = set(re.findall(r"%\(ENV_(\w+)\)s", without_comments(deploy / "supervisor.conf")))
    listed = {name for name in assignments(deploy / "supervisor.env") if name.startswith("TOWPATH_")}
    assert used == {name for name in listed if not name.startswith(OPTIONS)}


@pytest.mark.parametrize("name", ["supervisor.env", *(f"systemd/{service}" for service in SERVICES)])
def test_options_in_the_environment_are_ones_of_their_commands(deploy, name):
    given = dict(
        re.findall(r"^(?:# )?(?:Environment=)?(TOWPATH_\w+)=(\S*)$", (deploy / name).read_text(), re.MULTILINE)
    )
    options = {variable: value for variable, value in given.items() if variable.startswith(OPTIONS)}
    assert bool(options) == ("redis" not in name)
    assert read_environment(build_parser(), INTERFACE_PREFIX, check=check_variable, environment=options) == []
    worker = CommandParser()
    runworker.Command().add_arguments(worker)
    assert read_environment(worker, runworker.Command.environment_prefix, environment=options) == []


def test_the_demo_sets_every_variable_that_supervisor_conf_uses(deploy):
    site = (deploy / "demo_steps" / "site.py").read_text()
    used = set(re.findall(r"%\(ENV_(\w+)\)s", without_comments(deploy / "supervisor.conf")))
    assert used == {name for name in re.findall(r'"(TOWPATH_\w+)":', site) if not name.startswith(OPTIONS)}


def test_nginx_reads_the_site(deploy, tmp_path):
    done = Nginx(tmp_path, interface_port=8000).check()
    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr


@pytest.fixture
def units(deploy, tmp_path) -> dict[str, str]:
    """The units with paths that exist here, for systemd to read; return the environment in which it finds them."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    (tmp_path / "env").touch()
    for name in UNITS:
        unit = (deploy / "systemd" / name).read_text().replace("/etc/towpath.env", str(tmp_path / "env"))
        unit = re.sub(r"/(srv/venv|usr)/bin/[\w-]+", "/bin/true", unit).replace("/srv/mysite", str(tmp_path))
        (tmp_path / name).write_text(unit)
    return {**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"}


def analyze(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["systemd-analyze", "--no-pager", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_systemd_reads_the_units(units):
    done = analyze(units, "verify", *(name.replace("@.", "@1.") for name in UNITS))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", ALL_SERVICES)
def test_a_service_is_shut_but_for_what_it_needs(units, name):
    command = ["security", "--offline=true", f"--threshold={MOST_EXPOSURE}", name.replace("@.", "@1.")]
    done = analyze(units, *command)
    if "unrecognized option" in done.stderr:
        pytest.skip("this systemd-analyze does not look at units that are not installed")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ALL_SERVICES)
def test_a_service_runs_as_the_sites_own_user(deploy, name):
    lines = (deploy / "systemd" / name).read_text().splitlines()
    assert [line for line in lines if line.startswith(("User=", "Group="))] == ["User=towpath"]
    assert "u towpath " in (deploy / "systemd" / "towpath.sysusers.conf").read_text()


def test_the_socket_is_for_the_sites_user_and_nginx(deploy):
    lines = (deploy / "systemd" / "towpath-interface.socket").read_text().splitlines()
    assert {"SocketUser=towpath", "SocketGroup=www-data", "SocketMode=0660"} <= set(lines)


@pytest.mark.parametrize("name", ["supervisor.conf", "systemd/towpath-redis.service"])
def test_redis_is_behind_a_socket_and_has_a_bound(deploy, name):
    [command] = [line for line in (deploy / name).read_text().splitlines() if "--unixsocketperm 700" in line]
    for option in ("--port 0", "--maxmemory ", "--maxmemory-policy noeviction"):
        assert option in command


def test_no_command_line_has_the_url_of_a_redis(deploy):
    files = [path for path in deploy.rglob("*") if path.suffix in (".conf", ".service", ".socket")]
    assert len(files) >= 6
    commands = [
        line for path in files for line in path.read_text().splitlines() if re.match(r"(command|ExecStart) ?=", line)
    ]
    assert len(commands) >= 6
    assert [line for line in commands if "://" in line] == []


@pytest.mark.parametrize(
    "name", ["deploy/demo", "deploy/restart", "deploy/find_python", "tests/run", "tests/original", ".ci/run"]
)
def test_commands_are_executable_and_their_shell_reads_them(root, name):
    command = root / name
    shell = command.read_text().splitlines()[0].rpartition("/")[2].removeprefix("env ")
    assert os.access(command, os.X_OK)
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    assert subprocess.run([shell, "-n", str(command)], check=False).returncode == 0


def assignments(path: Path) -> dict[str, str]:
    """Read NAME=value lines."""
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",), comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string("[all]\n" + path.read_text())
    return dict(parser["all"])


def without_comments(path: Path) -> str:
    """Return the lines of a supervisor file that are not comments."""
    return "\n".join(line for line in path.read_text().splitlines() if not line.startswith(";"))
