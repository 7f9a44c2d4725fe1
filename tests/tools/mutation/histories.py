"""Histories of groups: their bounds, the signatures of positions, and messages that are published once."""

from .mutant import Mutant

HISTORIES = "tests/redis/test_group_histories.py"
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
]
