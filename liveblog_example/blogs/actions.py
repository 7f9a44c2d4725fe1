"""The actions of people on a blog, for the consumer and the views alike: permission, validation, execution.

An action is a mapping as a form sends it: `do` is post, edit, delete or chat; `text` and `id` as needed.
"""

from collections.abc import Mapping
from typing import Any

from .models import Blog, ChatLine, Entry, Post


class Refused(Exception):
    """Raised when an action is not allowed or not valid; its text is shown to the user."""


def is_editor(user: Any) -> bool:
    """Return whether a user may write posts, and change and delete those of others."""
    return bool(user.is_active and user.has_perms(["blogs.add_post", "blogs.change_post", "blogs.delete_post"]))


def perform(user: Any, blog: Blog, action: Mapping[str, Any]) -> None:
    """Execute an action.

    Raises:
        Refused: the user lacks the permission, or the text or the id is not valid.
    """
    do = action.get("do")
    if do == "chat":
        say(user, blog, action.get("text"))
    elif do not in ("post", "edit", "delete"):
        raise Refused("That is not something this page can do.")
    elif not is_editor(user):
        raise Refused("Only editors can do that. Log in as an editor.")
    elif do == "post":
        Post.objects.create(blog=blog, author=user, text=clean(action.get("text"), Post))
    elif do == "edit":
        revise(find_post(blog, action.get("id")), action.get("text"))
    else:
        find_post(blog, action.get("id")).delete()


def say(user: Any, blog: Blog, text: Any) -> None:
    """Add a line to the chat."""
    if not user.is_authenticated:
        raise Refused("Log in to join the chat.")
    ChatLine.objects.create(blog=blog, author=user, text=clean(text, ChatLine))


def revise(post: Post, text: Any) -> None:
    """Change the text of a post; the same text again changes nothing."""
    cleaned = clean(text, Post)
    if cleaned != post.text:
        post.text = cleaned
        post.save()


def find_post(blog: Blog, pk: Any) -> Post:
    """Return one of the blog's posts."""
    post: Post | None = blog.posts.visible().filter(pk=pk).first() if str(pk).isdecimal() else None
    if post is None:
        raise Refused("That post is not there any more.")
    return post


def clean(text: Any, model: type[Entry]) -> str:
    """Return the text as it is stored: with plain line ends, stripped."""
    cleaned = "\n".join(text.replace("\x00", "").splitlines()).strip() if isinstance(text, str) else ""
    if not cleaned:
        raise Refused("Write something first.")
    if len(cleaned) > model.max_length:
        raise Refused(f"That is {len(cleaned)} characters; {model.max_length} is the most.")
    return cleaned
