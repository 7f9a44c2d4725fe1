"""Django's request object, made from an `http.request` message.

| key of the message | becomes |
| --- | --- |
| `method`, `path`, `root_path`, `scheme`, `query_string`, `client`, `server`, `headers` | attributes and `META` |
| `body` | the request's body, or its first part |
| `body_channel` | the channel from which the view reads the rest of the body |
| `reply_channel` | `request.reply_channel`: code that has it can answer |
"""

import sys
from collections.abc import Mapping
from io import BufferedReader, BytesIO
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, QueryDict, parse_cookie
from django.http.request import RawPostDataException
from django.utils.datastructures import MultiValueDict
from django.utils.functional import cached_property

from towpath.channels import Message, ResponseLater
from towpath.channels.events import interface_form
from towpath.layers.protocol import HTTP_REQUEST

from .body import READ_AHEAD_BYTES, BodyAborted, BodyChannel, BodyTimeout
from .environment import build_meta, script_name, split_path

if TYPE_CHECKING:
    from django.http.request import _PostDataProtocol


class AsgiRequest(HttpRequest):
    """A request to a Django view; `message` is its message, `reply_channel` the channel of its response.

    Raises:
        UnicodeDecodeError: the query string is not UTF-8.
        MalformedEvent: a message that was made by hand lacks a key, or has a value of the wrong type.
    """

    #: Raise it in a view, or return `HttpResponseLater()`, to send nothing now: other code answers on `reply_channel`.
    ResponseLater = ResponseLater
    #: How long a read waits for the next piece of the body, in seconds.
    body_receive_timeout = 60

    _body_channel: BodyChannel | None = None
    _files: "MultiValueDict[str, UploadedFile[Any]]"

    def __init__(self, message: Message) -> None:
        # HttpRequest.__init__ is not called: it builds six containers that properties here make when they are asked for
        self.message = message
        self.reply_channel = message.reply_channel
        try:
            self._read_message(message)
        except UnicodeDecodeError:
            raise
        except (KeyError, TypeError, AttributeError, ValueError):  # a message that was made by hand
            message.content = interface_form(HTTP_REQUEST, message.content)
            self._read_message(message)
        self.resolver_match = None
        self._read_started = False
        if "CONTENT_TYPE" in self.META:
            self._set_content_type_params(self.META)  # type: ignore[attr-defined]  # not in django-stubs
        else:
            self.content_type, self.content_params = "", {}

    def _read_message(self, message: Message) -> None:
        content = message.content
        self.script_name = mount = script_name(content)
        self.path, self.path_info = split_path(content, mount)
        self.META = build_meta(content, mount, self.path_info)
        self.method = self.META["REQUEST_METHOD"]
        self._open_body(message)

    def _open_body(self, message: Message) -> None:
        first: bytes = message.content.get("body") or b""
        channel = message.content.get("body_channel")
        if channel is None:
            self._stream = BytesIO(first)
        else:
            layer, timeout = message.channel_layer, self.body_receive_timeout
            self._body_channel = BodyChannel(first, layer, channel, timeout, self._ask_for_body)
            self._stream = BufferedReader(self._body_channel, READ_AHEAD_BYTES)

    def _ask_for_body(self, until: int) -> None:
        if self.reply_channel is not None:
            self.reply_channel.send({"body_until": until}, immediately=True)

    @property
    def body_failure(self) -> BodyTimeout | BodyAborted | None:
        """The error that ended the body early while it was read, or None."""
        return None if self._body_channel is None else self._body_channel.failure

    def _get_scheme(self) -> str:
        scheme: str = self.META["wsgi.url_scheme"]
        return scheme

    @cached_property
    def GET(self) -> Any:  # type: ignore[override]  # noqa: N802  # a plain attribute in Django's base class
        return QueryDict(self.message.content.get("query_string") or b"", encoding=self._encoding)  # type: ignore[attr-defined]

    @cached_property
    def COOKIES(self) -> dict[str, str]:  # type: ignore[override]  # noqa: N802
        header: str = self.META.get("HTTP_COOKIE", "")
        if not header.isascii():
            header = header.encode("latin-1").decode("utf-8", "replace")
        return parse_cookie(header)

    def _get_post(self) -> QueryDict:
        if not hasattr(self, "_post"):
            self._load_post_and_files()
        return self._post

    def _set_post(self, post: QueryDict) -> None:
        self._post = post

    POST = property(_get_post, _set_post)

    @property
    def FILES(self) -> "MultiValueDict[str, UploadedFile[Any]]":  # type: ignore[override]  # noqa: N802
        if not hasattr(self, "_files"):
            self._load_post_and_files()
        return self._files

    @property
    def body(self) -> bytes:
        """The whole body, of at most DATA_UPLOAD_MAX_MEMORY_SIZE bytes; more is refused before it is in memory.

        Raises:
            RawPostDataException: part of it has been read by `read()`.
            RequestDataTooBig: it is longer than the setting allows.
            RequestTimeout, RequestAborted: it was not received completely.
        """
        if not hasattr(self, "_body"):
            if self._read_started:
                raise RawPostDataException("You cannot access body after reading from request's data stream")
            self._body = self._read_body(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
            self._stream = BytesIO(self._body)
        return self._body

    def _read_body(self, max_bytes: int | None) -> bytes:
        if max_bytes is None:
            return self.read()
        declared: str = self.META.get("CONTENT_LENGTH", "")
        if not (declared.isdecimal() and int(declared) > max_bytes):
            body = self.read(max_bytes + 1)  # a length that was not declared shows by the one byte too many
            if len(body) <= max_bytes:
                return body
        raise RequestDataTooBig("Request body exceeded settings.DATA_UPLOAD_MAX_MEMORY_SIZE.")

    def parse_file_upload(
        self, meta: Mapping[str, Any], post_data: "_PostDataProtocol"
    ) -> "tuple[QueryDict, MultiValueDict[str, UploadedFile[Any]]]":
        """Parse a multipart body; one of unknown length is treated as long, and written to a file."""
        if not meta.get("CONTENT_LENGTH") and self._body_channel is not None:
            meta = {**meta, "CONTENT_LENGTH": str(sys.maxsize)}
        return super().parse_file_upload(meta, post_data)

    def close(self) -> None:
        """Close uploaded files and the body."""
        super().close()
        self._stream.close()
