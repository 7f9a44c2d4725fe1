"""Protections of operations: addresses, labels, health checks, restarts."""

from .mutant import Mutant

OPERATIONS = [
    Mutant(
        "metrics are served to this machine alone unless the address is called public",
        "layers/**/address.py",
        "    if not text.startswith(PUBLIC) and not _is_loopback(host):",
        "    if False:",
        "tests/unit/layers/test_monitoring.py -k called_public",
    ),
    Mutant(
        "a close code that a client chooses is not a label",
        "interface/**/actions.py",
        "    if code in STANDARD_CODES:",
        "    if True:",
        "tests/unit/interface/monitoring/test_monitoring.py -k label",
    ),
    Mutant(
        "a status without a class is not a label",
        "interface/**/actions.py",
        '    return _CLASSES.get(status // 100, "other")',
        '    return f"{status // 100}xx"',
        "tests/unit/interface/monitoring/test_monitoring.py -k label_without_end",
    ),
    Mutant(
        "health checks on the public port never reach the application",
        "interface/**/exchanges.py",
        "            if page is None:",
        "            if page is None or length != 0:",
        "tests/unit/interface/http/test_health_checks.py -k no_method",
    ),
    Mutant(
        "a restart waits for the successor of the last worker",
        "app/**/restart.py",
        "        return worker.id not in now and not now <= before",
        "        return worker.id not in now",
        "tests/unit/app/operations/test_operations.py -k successor_of_the_last",
    ),
    Mutant(
        "a worker that stops gets no second signal from a restart",
        "app/**/restart.py",
        '            if worker.state != "draining":',
        "            if True:",
        "tests/unit/app/operations/test_operations.py -k no_second_signal",
    ),
    Mutant(
        "an interface server whose layer is unavailable at the start does not end",
        "interface/**/service.py",
        "            except LayerUnavailable as error:\n                if str(error)",
        "            except ZeroDivisionError as error:\n                if str(error)",
        "tests/unit/interface/process/test_service.py -k unavailable_at_the_start",
    ),
    Mutant(
        "a worker leaves out the channels that are paused",
        "worker/worker.py",
        "        self.left_out = paused = self._paused.names",
        "        self.left_out = paused = frozenset()",
        "tests/unit/worker/test_paused.py -k until_it_is_resumed",
    ),
    Mutant(
        "a worker whose channels are all paused acknowledges what it has run",
        "worker/worker.py",
        "            self._settle()\n            self._reader.requeue(())\n        except LayerUnavailable as error:",
        "            self._settle()\n        except LayerUnavailable as error:",
        "tests/unit/worker/test_paused.py -k acknowledges",
    ),
    Mutant(
        "workers that wait on a channel are woken when it is paused",
        "worker/pool.py",
        "            if worker.left_out != self._paused.names:",
        "            if False:",
        "tests/unit/worker/test_paused.py -k paused_meanwhile",
    ),
    Mutant(
        "a pause waits until no worker takes from the channel",
        "app/operations/pausing.py",
        "    return channel in record.channels and channel not in record.paused",
        "    return False",
        "tests/unit/app/test_pausing.py",
    ),
    Mutant(
        "a command that closes WebSockets names them",
        "layers/commands.py",
        "        if self.filter.is_empty:",
        "        if False:",
        "tests/unit/layers/test_commands.py -k says_what_is_wrong",
    ),
    Mutant(
        "the sockets that one server names are bounded",
        "layers/commands.py",
        'max(0, min(_number(content, "limit"), MAX_SOCKETS))',
        '_number(content, "limit")',
        "tests/unit/layers/test_commands.py -k bounded",
    ),
    Mutant(
        "values of clients are cut in the list of sockets",
        "interface/control/matching.py",
        "    return text if len(text) <= SHOWN_LENGTH else",
        "    return text if True else",
        "tests/unit/interface/test_control.py -k values_of_clients_are_cut",
    ),
    Mutant(
        "a signal that follows a drain by an operator does not force the end",
        "interface/process/service.py",
        """        self._stop.set()

    def signalled""",
        """        self.signalled()

    def signalled""",
        "tests/unit/interface/process/test_service.py -k drain_of_an_operator",
    ),
    Mutant(
        "interface servers that do not answer are named",
        "app/operations/asking.py",
        "    return Answers(found, sorted(set(waiting.values())))",
        "    return Answers(found, [])",
        "tests/unit/app/test_asking.py -k named",
    ),
    Mutant(
        "the admin's page is shown to those who may view it",
        "app/operations/admin.py",
        """        if not is_permitted:
            raise PermissionDenied""",
        """        if False:
            raise PermissionDenied""",
        "tests/unit/app/test_admin_page.py -k permission_to_view",
    ),
    Mutant(
        "orders on the admin's page need the permission to change",
        "app/operations/admin.py",
        "        self._check(request, self.has_change_permission(request))",
        "        self._check(request, self.has_view_permission(request))",
        "tests/unit/app/test_admin_page.py -k permission_to_change",
    ),
    Mutant(
        "orders on the admin's page are given by POST",
        "app/operations/admin.py",
        '        if request.method != "POST":',
        "        if False:",
        "tests/unit/app/test_admin_page.py -k given_by_post",
    ),
    Mutant(
        "an order on the admin's page is asked back",
        "app/operations/admin.py",
        '        if "confirmed" not in request.POST:',
        "        if False:",
        "tests/unit/app/test_admin_page.py -k asked_back",
    ),
    Mutant(
        "viewers of the admin's page share one look at Redis a second",
        "app/operations/recent.py",
        "if alias not in _recent or time.monotonic() - _recent[alias][0] > FRESH_SECONDS:",
        "if True:",
        "tests/unit/app/test_admin_orders.py -k viewers_share",
    ),
    Mutant(
        "the channel of the admin's page is not paused without an end",
        "app/operations/orders.py",
        "    if channel == HTTP_REQUEST and seconds is None:",
        "    if False:",
        "tests/unit/app/test_admin_orders.py -k page_itself",
    ),
    Mutant(
        "the command line replaces a list of the environment",
        "interface/**/environment.py",
        "    def __copy__(self) -> list[Any]:\n        return []",
        "    def __copy__(self) -> list[Any]:\n        return list(self)",
        "tests/unit/interface/commandline/test_environment.py -k replaces_the_environment",
    ),
]
