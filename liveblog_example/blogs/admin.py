"""The admin. Changes made here appear on every open page, like all others."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from .models import Blog, ChatLine, Post

admin.site.site_header = "Waterline"
admin.site.site_title = "Waterline"
admin.site.index_title = "The newsroom"


@admin.register(Blog)
class BlogAdmin(admin.ModelAdmin):
    """Blogs."""

    list_display = ["title", "slug"]
    search_fields = ["title", "summary"]
    prepopulated_fields = {"slug": ["title"]}


class EntryAdmin(admin.ModelAdmin):
    """The common part of posts and chat lines."""

    list_display = ["__str__", "blog__slug", "byline", "created"]
    list_filter = ["blog"]
    list_select_related = ["blog", "author"]
    search_fields = ["text"]
    ordering = ["-pk"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Leave out what was removed."""
        return super().get_queryset(request).filter(removed=False)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Propose the editor as the author."""
        return {"author": request.user.pk, **super().get_changeform_initial_data(request)}


@admin.register(Post)
class PostAdmin(EntryAdmin):
    """Posts."""


@admin.register(ChatLine)
class ChatLineAdmin(EntryAdmin):
    """Chat lines, to be moderated."""
