"""`request.META` from an `http.request` message, with the keys and values of a WSGI server."""

from typing import Any

from django.conf import settings

from towpath.layers.contract import Content

#: Header names received so far -> their keys in META ("": a header that is left out). Clients choose the names.
_meta_keys: dict[bytes, str] = {}
#: Names kept in `_meta_keys`; more are translated each time.
META_KEYS_MAX_COUNT = 512


def script_name(content: Content) -> str:
    """Return the path the site is mounted at, without a slash at its end: FORCE_SCRIPT_NAME, else the root path."""
    forced: str | None = settings.FORCE_SCRIPT_NAME
    name: str = (content.get("root_path") or "") if forced is None else forced
    return name.rstrip("/") if name else ""


def split_path(content: Content, mount: str) -> tuple[str, str]:
    """Return the whole path and the part below `mount`, which is the message's path."""
    path: str = content["path"]
    return (mount + path if path.startswith("/") else f"{mount}/{path}"), path


def build_meta(content: Content, mount: str, path_info: str) -> dict[str, Any]:
    """Return META for a request below `mount`.

    Raises:
        UnicodeDecodeError: the query string is not UTF-8.
    """
    scheme = content.get("scheme") or "http"
    meta: dict[str, Any] = {
        "REQUEST_METHOD": content["method"].upper(),
        "QUERY_STRING": (content.get("query_string") or b"").decode(),
        "SCRIPT_NAME": mount,
        "PATH_INFO": path_info,
        "SERVER_PROTOCOL": "HTTP/" + (content.get("http_version") or "1.1"),
        "REMOTE_ADDR": "",
        "wsgi.url_scheme": scheme,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
    }
    client, server = content.get("client"), content.get("server")
    if client:
        meta["REMOTE_ADDR"] = meta["REMOTE_HOST"] = client[0]
        meta["REMOTE_PORT"] = client[1]
    meta["SERVER_NAME"], meta["SERVER_PORT"] = (server[0], str(server[1])) if server else ("unknown", "0")
    _add_headers(meta, content.get("headers") or ())
    if "CONTENT_LENGTH" not in meta and (length := _body_length(content)):
        meta["CONTENT_LENGTH"] = str(length)  # the body came chunked; its length is known by now
    return meta


def _body_length(content: Content) -> int:
    """Return the length of a complete body; 0 if there is none, or if it is still being received."""
    if content.get("body_channel"):
        return content.get("body_length") or 0
    return len(content.get("body") or b"")


def _add_headers(meta: dict[str, Any], headers: Any) -> None:
    for name, value in headers:
        key = _meta_keys.get(name)
        if key is None:
            key = _meta_key(name)
        if not key:
            continue
        text = value.decode("latin-1")
        if key in meta:  # RFC 9110, section 5.3; for cookies RFC 9113, section 8.2.3
            text = f"{meta[key]}{'; ' if key == 'HTTP_COOKIE' else ','}{text}"
        meta[key] = text


def _meta_key(name: bytes) -> str:
    if b"_" in name:  # `x_user` would be taken for `x-user`, which a proxy may have checked
        key = ""
    else:
        key = name.decode("latin-1").upper().replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = "HTTP_" + key
    if len(_meta_keys) < META_KEYS_MAX_COUNT:
        _meta_keys[name] = key
    return key
