"""The pages. They are readable without JavaScript, and their forms work without it."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from .actions import Refused, is_editor, perform
from .models import Blog, Post

POSTS_A_PAGE = 50
CHAT_LINES = 50


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List the blogs, the one with the latest post first."""
    return render(request, "blogs/index.html", {"blogs": Blog.objects.by_latest_post()})


@never_cache
@require_safe
def blog(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the latest posts and the end of the chat; with `?before=ID`, older posts.

    The revision is read before the entries: the page may show a newer entry than its revision, but never misses one.
    """
    blog = get_object_or_404(Blog, slug=slug)
    before = request.GET.get("before", "")
    posts = blog.posts.visible().select_related("author", "blog").order_by("-pk")
    shown = list((posts.filter(pk__lt=before) if before.isdecimal() else posts)[: POSTS_A_PAGE + 1])
    lines = blog.chatlines.visible().select_related("author", "blog").order_by("-pk")[:CHAT_LINES]
    context = {
        "blog": blog,
        "posts": shown[:POSTS_A_PAGE],
        "older": shown[POSTS_A_PAGE - 1].pk if len(shown) > POSTS_A_PAGE else None,
        "is_archive": before.isdecimal(),
        "lines": list(lines)[::-1],
        "is_editor": is_editor(request.user),
    }
    return render(request, "blogs/blog.html", context)


@login_required
def edit(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Show the form to change or delete a post, for editors without JavaScript."""
    if not is_editor(request.user):
        raise PermissionDenied
    post = get_object_or_404(Post.objects.visible().select_related("blog"), blog__slug=slug, pk=pk)
    return render(request, "blogs/edit.html", {"post": post})


@require_POST
def act(request: HttpRequest, slug: str) -> HttpResponse:
    """Execute the action of a form: for pages without JavaScript or without a WebSocket."""
    blog = get_object_or_404(Blog, slug=slug)
    wants_json = request.accepts("application/json") and not request.accepts("text/html")
    try:
        perform(request.user, blog, request.POST)
    except Refused as refusal:
        if wants_json:
            return JsonResponse({"kind": "refused", "text": str(refusal)}, status=400)
        messages.error(request, str(refusal))
    return JsonResponse({"kind": "done"}) if wants_json else redirect(blog)
