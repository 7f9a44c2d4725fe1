"""The page of Django's admin about the running site: the state and the orders of `manage.py towpath`.

The permission `view_runningsite` shows the page; `change_runningsite` allows orders. An order is a POST that has been
confirmed, and is recorded in the log of the admin.
"""

from collections.abc import Mapping
from socket import gethostname
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.management.base import CommandError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.http import urlencode

from towpath.channels.configured import DEFAULT_CHANNEL_LAYER, channel_layers
from towpath.layers.errors import InvalidName, LayerUnavailable
from towpath.layers.names import check_channel_name

from ..project import shared_layer
from .models import RunningSite
from .orders import ORDERS, filter_of, given_fields, target_of
from .recent import forget_status, recent_status
from .rows import group_rows, message_rows, process_rows, queue_rows
from .site import OrderRefused, Site, site_of
from .sockets import find_sockets
from .status import redis_line

#: Sockets and groups that the page shows, and messages of a channel.
SHOWN, MESSAGES = 200, 10
TEMPLATES = "admin/towpath_operations"
_REFUSALS = (OrderRefused, InvalidName, LayerUnavailable)


@admin.register(RunningSite)
class RunningSiteAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # it is generic for type checkers only
    """The page, the part of it that is refreshed, and the orders."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False: there is only one site."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: RunningSite | None = None) -> bool:
        """Return False."""
        return False

    def get_urls(self) -> list[URLPattern]:
        """Return the URLs of the page, which replace those of a change list."""
        wrap, name = self.admin_site.admin_view, "towpath_operations_runningsite"
        return [
            path("", wrap(self.changelist_view), name=f"{name}_changelist"),
            path("state/", wrap(self.state_view), name=f"{name}_state"),
            path("orders/<name>/", wrap(self.order_view), name=f"{name}_order"),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the page; WebSockets, groups and messages only if the query requests them."""
        self._check(request, self.has_view_permission(request))
        alias = request.GET.get("layer", DEFAULT_CHANNEL_LAYER)
        context = {
            **self._context(request, alias, "Running site"),
            **self._state(request, alias),
            "aliases": sorted(channel_layers.configs),
            "fields": given_fields(request.GET),
            **_searched(request.GET, alias),
        }
        return TemplateResponse(request, f"{TEMPLATES}/page.html", context)

    def state_view(self, request: HttpRequest) -> HttpResponse:
        """Return the part of the page that is refreshed."""
        self._check(request, self.has_view_permission(request))
        alias = request.GET.get("layer", DEFAULT_CHANNEL_LAYER)
        request.current_app = self.admin_site.name
        context = {"alias": alias, "may_change": self.has_change_permission(request), **self._state(request, alias)}
        return TemplateResponse(request, f"{TEMPLATES}/state.html", context)

    def order_view(self, request: HttpRequest, name: str) -> HttpResponse:
        """Show the confirmation of an order; execute the order once it is confirmed."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        self._check(request, self.has_change_permission(request))
        order = ORDERS.get(name)
        if order is None:
            raise Http404
        alias, fields = request.POST.get("layer", DEFAULT_CHANNEL_LAYER), given_fields(request.POST)
        if "confirmed" not in request.POST:
            context = {**self._context(request, alias, f"{order.title} {target_of(fields)}?"), "order": order}
            return TemplateResponse(request, f"{TEMPLATES}/question.html", {**context, "fields": fields, "name": name})
        try:
            done = order.give(_site(alias), fields)
        except _REFUSALS as error:
            messages.error(request, str(error))
        else:
            text = f"{order.title}: {done}"
            messages.success(request, text)
            self.log_change(request, RunningSite(target=target_of(fields)[:200]), text)
        forget_status(alias)
        return HttpResponseRedirect(self._address("changelist", alias))

    def _check(self, request: HttpRequest, is_permitted: bool) -> None:
        if not is_permitted:
            raise PermissionDenied

    def _context(self, request: HttpRequest, alias: str, title: str) -> dict[str, Any]:
        request.current_app = self.admin_site.name
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title,
            "alias": alias,
            "may_change": self.has_change_permission(request),
            "state_address": self._address("state", alias),
            "page_address": self._address("changelist", alias),
        }

    def _address(self, view: str, alias: str) -> str:
        address = reverse(f"admin:towpath_operations_runningsite_{view}", current_app=self.admin_site.name)
        return f"{address}?{urlencode({'layer': alias})}"

    def _state(self, request: HttpRequest, alias: str) -> dict[str, Any]:
        try:
            status = recent_status(_site(alias))
        except _REFUSALS as error:
            return {"error": str(error)}
        return {
            "redis": redis_line(status.store),
            "interfaces": process_rows(status, status.interfaces),
            "workers": process_rows(status, status.workers),
            "queues": queue_rows(status),
            "host": gethostname(),
        }


def _site(alias: str) -> Site:
    """Return the site of a layer.

    Raises:
        OrderRefused: the layer does not exist, or belongs to one process.
    """
    try:
        return site_of(shared_layer(alias, "this page"))
    except CommandError as error:
        raise OrderRefused(str(error)) from error


def _searched(sent: Mapping[str, str], alias: str) -> dict[str, Any]:
    """Return the WebSockets, groups or messages that the query requests."""
    try:
        if "sockets" in sent:
            found = find_sockets(_site(alias), filter_of(given_fields(sent)), SHOWN)
            return {"sockets": found}
        if "peek" in sent:
            messages_found = _site(alias).survey.peek(check_channel_name(sent["peek"]), MESSAGES)
            return {"peeked": sent["peek"], "messages_found": message_rows(messages_found)}
        if "groups" in sent:
            return {"groups": group_rows(*_site(alias).survey.groups(SHOWN))}
    except _REFUSALS as error:
        return {"search_error": str(error)}
    return {}
