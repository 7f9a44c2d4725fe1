"""`manage.py post SLUG "text"`: write, change or delete a post from any terminal, cron job or script."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from towpath import channel_layers

from blogs.actions import Refused, clean, find_post, revise
from blogs.models import Blog, Post


class Command(BaseCommand):
    """Write, change or delete a post."""

    help = "Writes a post to a live blog; every open page shows it at once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("slug", help="the blog, as in its address")
        parser.add_argument("text", nargs="?", help="the text of the post")
        parser.add_argument("--by", metavar="USERNAME", help="the author (default: the desk)")
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--edit", metavar="ID", help="change this post to the text")
        which.add_argument("--delete", metavar="ID", help="delete this post")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write, change or delete, and print the post's id."""
        try:
            self.stdout.write(self.perform(**options))
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        if channel_layers["default"].local_only():
            self.stderr.write("The memory layer does not reach other processes: open pages show this after a reload.")

    def perform(self, slug: str, text: str | None, **options: Any) -> str:
        """Write, change or delete, and return a sentence about it."""
        blog = Blog.objects.filter(slug=slug).first()
        if blog is None:
            known = ", ".join(Blog.objects.values_list("slug", flat=True)) or "none; try `manage.py sample`"
            raise CommandError(f"There is no blog {slug!r}. There are: {known}.")
        if options["delete"]:
            find_post(blog, options["delete"]).delete()
            return f"Deleted post {options['delete']}."
        if options["edit"]:
            revise(find_post(blog, options["edit"]), text)
            return f"Changed post {options['edit']}."
        post = Post.objects.create(blog=blog, author=author(options["by"]), text=clean(text, Post))
        return f"Wrote post {post.pk}."


def author(username: str | None) -> Any:
    """Return the user of that name; None without a name."""
    if username is None:
        return None
    users = get_user_model()
    found = users.objects.filter(**{users.USERNAME_FIELD: username}).first()
    if found is None:
        raise CommandError(f"There is no user {username!r}.")
    return found
