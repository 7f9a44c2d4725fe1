"""Which line protects from what, what stands there without the protection, and which test notices."""

from typing import NamedTuple


class Protection(NamedTuple):
    """`line` stands once in `file`; with `without` instead, `test` (arguments of pytest) fails."""

    name: str
    file: str
    line: str
    without: str
    test: str


PROTECTIONS = [
    # Processes die.
    Protection(
        "a worker that stops settles what it has run",
        "worker/worker.py",
        "                self._settle()\n            finally:\n                self._reader.close()",
        "                self._owed.clear()\n            finally:\n                self._reader.close()",
        "tests/e2e/promises/test_deploys_drop_nothing.py",
    ),
    Protection(
        "what a worker takes is recorded",
        "layers/redis/take.lua",
        "        redis.call('RPUSH', hand, KEYS[i], unpack(entries))",
        "",
        "tests/faults/test_dead_workers.py -k kills_its_worker",
    ),
    Protection(
        "the connections of a dead worker's messages are told",
        "layers/reaping.py",
        "            if is_inbox(dead.owner):",
        "            if not is_inbox(dead.owner):\n                continue\n            if is_inbox(dead.owner):",
        "tests/faults/test_dead_workers.py -k kills_its_worker",
    ),
    Protection(
        "while a worker waits, nothing is in its hand",
        "layers/exchange.py",
        "            operations.append(Release(self.name))  # while it waits, nothing is in its hand",
        "            pass",
        "tests/faults/test_dead_workers.py -k while_it_waits",
    ),
    Protection(
        "a stop before the start ends in order",
        "app/management/commands/runworker.py",
        "            self._signals.exit_code = EXIT_STOPPED",
        "            self._signals.exit_code = 1",
        "tests/faults/test_dead_workers.py -k before_it_has_started",
    ),
    Protection(
        "the sockets of a dead interface get their last word",
        "layers/reaping.py",
        "                self._farewells.visit(dead)",
        "                pass",
        "tests/faults/test_dead_interfaces.py",
    ),
    Protection(
        "sockets' states are known to others",
        "layers/redis/remember.lua",
        "  redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])",
        "",
        "tests/faults/test_dead_interfaces.py",
    ),
    Protection(
        "sockets are sent away one after the other",
        "interface/leaving.py",
        "steps=max(1, int(seconds / STEP_SECONDS))",
        "steps=1",
        "tests/faults/test_stopped_interfaces.py -k told_to_stop",
    ),
    Protection(
        "a server that stops answers who had just connected",
        "interface/http/http1.py",
        "        if self._state is State.HEAD or (self._state is State.IDLE and self._is_first_data):",
        "        if False:",
        "tests/unit/interface/http/test_http1.py -k just_come",
    ),
    Protection(
        "who was thought dead begins again",
        "layers/edge.py",
        "        if life is not Life.DEAD:\n            return True",
        "        if life is not None:\n            return True",
        "tests/faults/test_stopped_interfaces.py -k stood_still",
    ),
    Protection(
        "a consumer may take so long",
        "worker/pool.py",
        "return seconds is not None and worker.hand.is_older_than(seconds)",
        "return False",
        "tests/faults/test_worker_limits.py -k hangs",
    ),
    Protection(
        "a process may use so much memory",
        "worker/limits.py",
        "and (used := resident_mebibytes()) >= self.memory_mebibytes:",
        "and (used := 0) >= self.memory_mebibytes:",
        "tests/faults/test_worker_limits.py -k leaks",
    ),
    Protection(
        "a process handles so many messages",
        "worker/limits.py",
        "if self.messages is not None and handled >= self.messages:",
        "if self.messages is not None and handled < 0:",
        "tests/faults/test_worker_limits.py -k so_many_messages",
    ),
    # Redis fails.
    Protection(
        "what Redis refuses waits until it is back",
        "interface/outbound.py",
        "            if accepted is None and _answer(post, outcome):\n                self._held.append(post)",
        "            if accepted is None and _answer(post, outcome):\n                pass",
        "tests/faults/store/test_redis_goes_away.py -k memory",
    ),
    Protection(
        "pauses between tries have an upper bound",
        "worker/outage.py",
        "min(2 * self._next, LONGEST_PAUSE_SECONDS)",
        "8 * self._next",
        "tests/unit/worker/test_parts.py",
    ),
    Protection(
        "turns that were in doubt end soon",
        "interface/doubts.py",
        "            conversation.doubt(turn, DOUBT_SECONDS)",
        "            pass",
        "tests/faults/store/test_data_is_lost.py",
    ),
    Protection(
        "groups are announced again to a Redis that lost them",
        "layers/edge.py",
        "                await self._announce(self._index.groups)",
        "                pass",
        "tests/unit/layers/test_memory_layer_conformance.py -k announced_again",
    ),
    Protection(
        "an interface says once that Redis is away",
        "interface/availability.py",
        "        if self._away_since is None:\n            self._away_since",
        "        if True:\n            self._away_since",
        "tests/faults/store/test_redis_goes_away.py -k 'restarted and True'",
    ),
    Protection(
        "an answer that is lost is read again",
        "layers/redis/edge.py",
        '"LEFT", "LEFT", WAIT_SECONDS), ("LRANGE", inbox, 1, INBOX_READ - 1)',
        '"LEFT", "LEFT", WAIT_SECONDS), ("LPOP", inbox, INBOX_READ)',
        "tests/redis/test_lost_answers.py -k read_again",
    ),
    Protection(
        "what a read gave is dropped by the next one",
        "layers/redis/edge.py",
        "read[-1][:MARK_BYTES])] if read else []",
        "read[-1][:MARK_BYTES])] if 0 else []",
        "tests/redis/test_lost_answers.py -k forgotten",
    ),
    Protection(
        "what was not dropped is not taken for new",
        "layers/redis/edge.py",
        "            self._check([foremost])  # and",
        "            pass  # and",
        "tests/redis/test_lost_answers.py -k replica",
    ),
    Protection(
        "connections to a master that was replaced are left",
        "layers/redis/answers.py",
        "            self.is_misled = True\n",
        "",
        "tests/unit/layers/test_blocking_wire.py",
    ),
    Protection(
        "each new connection asks the Sentinels",
        "layers/redis/sentinels.py",
        "_Pool(self.master_name, sentinel, **self.options)",
        "ConnectionPool(**dict(zip(('host', 'port'), sentinel.discover_master(self.master_name))), **self.options)",
        "tests/faults/store/test_sentinel_fails_over.py",
    ),
    Protection(
        "what waits for a turn is bounded",
        "interface/turns.py",
        "over = len(self._waiting) * share > self._max_events or self._waiting_bytes * share > self._max_bytes",
        "over = False",
        "tests/faults/store/test_queues_are_bounded.py",
    ),
    # Overload.
    Protection(
        "a queue has a capacity",
        "layers/redis/push.lua",
        "local accepted = math.max(0, math.min(bodies, capacity - waiting))",
        "local accepted = bodies",
        "tests/faults/overload -k slowed",
    ),
    Protection(
        "of busy channels each gets a batch in turn",
        "layers/exchange.py",
        "            self._channels.append(batch.channel)",
        "            self._channels.insert(0, batch.channel)",
        "tests/faults/overload -k full",
    ),
    Protection(
        "a connection has one message at workers",
        "interface/turns.py",
        "        if self.phase is not Phase.OUT:\n            raise ValueError",
        "        if self.phase is Phase.OUT:\n            return self._begin(event, Phase.OUT)\n"
        "        if self.phase is not Phase.OUT:\n            raise ValueError",
        "tests/faults/overload -k share",
    ),
    Protection(
        "a client that stops reading is cut off",
        "interface/websocket/output.py",
        "            if self._waiting_bytes > self._max_bytes:",
        "            if self._waiting_bytes < 0:",
        "tests/faults/overload -k 1013",
    ),
    # Hostile input.
    Protection(
        "a line ends with CRLF",
        "interface/http/heads.py",
        'rb"(?<!\\r)\\n|\\r(?=[^\\n])"',
        'rb"(?!)"',
        "tests/hostile/http/test_smuggling.py -k ends_otherwise",
    ),
    Protection(
        "values hold no line separators of any library",
        "interface/headers.py",
        'VALUE = rb"[\\t\\x20-\\x7e\\x80-\\x84\\x86-\\xff]*"',
        'VALUE = rb"[^\\x00\\r\\n]*"',
        "tests/hostile/http/test_smuggling.py -k control_byte",
    ),
    Protection(
        "names with an underscore are dropped",
        "interface/headers.py",
        '        if b"_" not in name:\n            headers.append',
        "        if True:\n            headers.append",
        "tests/hostile/http/test_smuggling.py -k underscore",
    ),
    Protection(
        "a request has one Host",
        "interface/headers.py",
        "    if len(hosts) > 1:",
        "    if len(hosts) > 9:",
        "tests/hostile/http/test_smuggling.py -k not_clear",
    ),
    Protection(
        "only trusted proxies are believed",
        "interface/proxy.py",
        "        return address is not None and self._trusts(address)",
        "        return True",
        "tests/hostile/http/test_forwarded.py",
    ),
    Protection(
        "a foreign page opens no socket",
        "interface/origin.py",
        "    return _is_same(origin, host, scheme) or any(",
        "    return True or any(",
        "tests/hostile/sockets/test_hijacking.py",
    ),
    Protection(
        "a poisoned inbox entry is skipped",
        "layers/inbox.py",
        "            except DecodeError as error:\n                self.undecodable_count += 1",
        "            except ZeroDivisionError as error:\n                self.undecodable_count += 1",
        "tests/hostile/store/test_poison.py -k inbox",
    ),
    Protection(
        "a message has a greatest length",
        "layers/codec.py",
        "    if len(data) > MAX_MESSAGE_BYTES:\n        raise DecodeError",
        "    if len(data) < 0:\n        raise DecodeError",
        "tests/hostile/layers",
    ),
    # Data races.
    Protection(
        "a connection that closes leaves its groups",
        "layers/edge.py",
        "        for group in self._index.remove(local):",
        "        for group in ():",
        "tests/faults/races",
    ),
    Protection(
        "a settlement counts once, for its turn",
        "interface/conversation.py",
        "        if not self._turns.is_out(event.turn):\n            log.debug",
        "        if event.turn < 0:\n            log.debug",
        "tests/unit/interface/test_conversation.py",
    ),
    Protection(
        "threads close their database connections",
        "worker/pool.py",
        "        close_connections()\n",
        "\n",
        "tests/faults/races",
    ),
    # Secrets.
    Protection(
        "what is stored is sealed",
        "layers/entries.py",
        "            self._pack = lambda value: cipher.seal(pack(value))",
        "            self._pack = pack",
        "tests/hostile/store/test_encryption.py -k in_clear",
    ),
    # Time.
    Protection(
        "time that passes while deadlines are handled skips none",
        "interface/deadlines.py",
        "        if not self._slots:  # else time",
        "        if self._timer is None:  # else time",
        "tests/unit/interface/test_deadlines.py -k skips_no_other",
    ),
    Protection(
        "nothing waits by the clock of the system",
        "interface/reactor.py",
        "    installed.seconds = time.monotonic\n",
        "",
        "tests/unit/interface/test_reactor.py -k may_be_set",
    ),
]
