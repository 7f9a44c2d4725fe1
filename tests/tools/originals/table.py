"""The suites, and what of them is different here on purpose."""

from .suite import Suite

#: What Django and Python have renamed since: it has nothing to do with Channels.
RENAMED = (
    (r"from django\.test import TestCase, mock", "from django.test import TestCase\nfrom unittest import mock"),
    (r"from six import", "from io import"),
    (r"from django\.utils import six\n", "import six\n"),
    (r"force_text", "force_str"),
    (r"assertEquals\(", "assertEqual("),
)
SETTINGS = """
SECRET_KEY = "for tests"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
MIDDLEWARE = []
INSTALLED_APPS = ["towpath", "tests"]
INSTALLED_APPS += [f"django.contrib.{name}" for name in ("auth", "contenttypes", "sessions")]
CHANNEL_LAYERS = {"default": {"BACKEND": "towpath.layers.memory.MemoryChannelLayer", "ROUTING": []}}
"""

INSIDE = "it looks at parts of 1.x that have no counterpart"
DELAYED = "there is no delay server: workers hand on what Redis keeps"
IN_ORDER = "events of a connection are in order by themselves; nothing waits on a channel of its own"
LAZY_BODY = "a body is read when the view reads it, and fails there"
WHOLE = "responses are cut by what writes them, not by chunk_size"
PAIRS = "headers are lists, as they are behind a layer, and more_content is there while more comes"
OWN_KEY = "the session of a channel is not accepted as that of a browser"

SUITES = (
    Suite(
        name="channels",
        version="1.0.3",  # the last one whose distribution has its tests
        folder="channels/tests",
        copied="channels/tests",
        requires=("six",),
        replacements=(*RENAMED, (r"\b(?:channels\.tests|towpath\.testing)\.(test_\w+)", r"tests.\1")),
        settings=SETTINGS + 'CHANNEL_SESSION_ENGINE = "django.contrib.sessions.backends.cache"\n',
        left_out={
            "__init__.py": "the test kit of 1.x itself",
            "base.py": "the test kit of 1.x itself",
            "http.py": "the test kit of 1.x itself",
            "settings.py": "settings of 1.x",
            "test_delay.py": DELAYED,
            "test_management.py": "it patches parts of the commands of 1.x",
            "test_worker.py": "it drives the loop of the worker of 1.x by its attributes",
        },
        differs={
            "test_binding.TestsBinding.test_inbound_create": "a client's values are validated: the password is missing",
            "test_generic.GenericTests.test_simple_as_route_method": "it sends an int as text, which no server takes",
            "test_generic.GenericTests.test_websockets_decorators": IN_ORDER,
            "test_handler.HandlerTests.test_basic": PAIRS,
            "test_handler.HandlerTests.test_chunk_bytes": WHOLE,
            "test_handler.HandlerTests.test_cookies": PAIRS,
            "test_handler.HandlerTests.test_empty": PAIRS,
            "test_handler.HandlerTests.test_empty_streaming": PAIRS,
            "test_handler.HandlerTests.test_large": WHOLE,
            "test_handler.HandlerTests.test_non_streaming_file_response": "a file that denies to be streamed is sent",
            "test_handler.HandlerTests.test_real_file_response": "the file that it opens is not in the distribution",
            "test_http.HttpClientTests.test_cookies": "headers of a client are a list, as messages have them",
            "test_request.RequestTests.test_basic": "REMOTE_ADDR is always there, as Django's own servers have it",
            "test_request.RequestTests.test_post_files": INSIDE,
            "test_request.RequestTests.test_request_abort": LAZY_BODY,
            "test_request.RequestTests.test_request_timeout": LAZY_BODY,
            "test_sessions.SessionTests.test_channel_and_http_session": OWN_KEY,
            "test_sessions.SessionTests.test_enforce_ordering_fail": IN_ORDER,
            "test_sessions.SessionTests.test_enforce_ordering_fail_no_order": IN_ORDER,
            "test_sessions.SessionTests.test_http_session": OWN_KEY,
        },
    ),
    Suite(
        name="channels-api",
        version="0.4.0",
        folder="tests",
        copied=".",
        requires=("six", "djangorestframework"),
        replacements=RENAMED,
        settings=SETTINGS.replace('"ROUTING": []', '"ROUTING": "tests.routing.channel_routing"')
        + 'INSTALLED_APPS += ["rest_framework", "channels_api"]\n',
        left_out={},
        differs={},
    ),
)
