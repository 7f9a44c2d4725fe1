"""Histories of groups: their bounds, the signatures of positions, and messages that are published once."""

from .mutant import Mutant

HISTORIES = "tests/redis/test_group_histories.py"
LINE = "tests/unit/layers/history/test_line.py"
MEMORY = "tests/unit/layers/test_memory_layer_conformance.py"
REDIS = "tests/redis/test_redis_layer_conformance.py"

HISTORY = [
    Mutant(
        "a position is read only if its signature is right",
        "layers/**/positions.py",
        "            if hmac.compare_digest(_signature(key, group, unsigned), signature):",
        "            if signature:",
        f"{MEMORY} -k forged",
    ),
    Mutant(
        "the signature of a position covers the name of its group",
        "layers/**/positions.py",
        'f"{group}:{unsigned}".encode()',
        "unsigned.encode()",
        f"{MEMORY} -k forged",
    ),
    Mutant(
        "a history is bounded in bytes",
        "layers/**/publish.lua",
        "and bytes <= tonumber(ARGV[2])",
        "",
        f"{REDIS} -k above_the_bytes",
    ),
    Mutant(
        "the messages of a history expire",
        "layers/**/publish.lua",
        "redis.call('EXPIRE', history, ARGV[3])",
        "",
        f"{HISTORIES} -k expires",
    ),
    Mutant(
        "the record of a group expires",
        "layers/**/publish.lua",
        "redis.call('EXPIRE', head, ARGV[4])",
        "",
        f"{HISTORIES} -k expires",
    ),
    Mutant(
        "a message whose publish was repeated has one place",
        "layers/**/publish.lua",
        "elseif ARGV[7] == '1' then",
        "elseif false then",
        f"{HISTORIES} -k repeated",
    ),
    Mutant(
        "a message of a group with a history waits for those before it",
        "layers/**/line.py",
        "        if offset > self._delivered + 1:",
        "        if False:",
        f"{LINE} -k overtakes",
    ),
    Mutant(
        "a message that the history and the inbox have is delivered once",
        "layers/**/line.py",
        "is_new = body is not None and self._latest.note_delivery(body.unique)",
        "is_new = True",
        f"{LINE} -k executed_twice",
    ),
    Mutant(
        "a message of an epoch that has ended is not delivered",
        "layers/**/line.py",
        "            if epoch in self._old:",
        "            if False:",
        f"{LINE} -k begins_again",
    ),
    Mutant(
        "older data of the same epoch is noticed",
        "layers/**/line.py",
        "body.unique == doubted[1]",
        "False",
        f"{LINE} -k older_data",
    ),
    Mutant(
        "the newest offsets of groups are compared with what was delivered",
        "layers/**/edge.py",
        "                await self._check_heads()",
        "                pass",
        f"{HISTORIES} -k stops_between",
    ),
    Mutant(
        "messages of histories and of the inbox are dispatched one after the other",
        "interface/inbox.py",
        "        async with self._turn:",
        "        if True:",
        "tests/unit/interface/test_inbox.py -k overtake",
    ),
    Mutant(
        "the epochs of groups with members do not end",
        "layers/**/edge.py",
        "known = (await self._execute([*renewals, *records]))[: len(groups)]",
        "known = await self._execute(renewals)",
        "tests/unit/layers/test_edge.py -k records_of_groups",
    ),
]
