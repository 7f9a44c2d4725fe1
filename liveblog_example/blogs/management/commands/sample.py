"""`manage.py sample`: fill an empty site with blogs to look at and accounts to try. Safe to run again."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group, Permission, User
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from blogs.models import Blog, ChatLine, Post
from blogs.sample_content import BLOGS, CAN_LOG_IN, PEOPLE, SampleBlog


class Command(BaseCommand):
    """Make sample blogs and accounts."""

    help = "Makes sample blogs, and the accounts editor/editor and reader/reader. Not for a public site."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--yes", action="store_true", help="make them even if DEBUG is off")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the accounts and blogs that do not exist yet."""
        if not (settings.DEBUG or options["yes"]):
            raise CommandError("DEBUG is off, and the sample accounts have known passwords. If you mean it: --yes")
        with transaction.atomic():
            people = {username: account(username) for username in PEOPLE}
            people["editor"].groups.add(editors())
            made = [sample.slug for sample in BLOGS if make_blog(sample, people)]
        self.stdout.write(f"Sample blogs made: {', '.join(made) or 'none, they are all here already'}.")
        for username in CAN_LOG_IN:
            self.stdout.write(f"Account: {username}, password: {username}")


def account(username: str) -> User:
    """Return the account; a new one gets its name as its password, or none."""
    first_name, last_name = PEOPLE[username]
    user, is_new = User.objects.get_or_create(
        username=username,
        defaults={"first_name": first_name, "last_name": last_name, "is_staff": username == "editor"},
    )
    if is_new:
        user.set_password(username if username in CAN_LOG_IN else None)
        user.save()
    return user


def editors() -> Group:
    """Return the group whose members may do everything with blogs, posts and chat."""
    group, _ = Group.objects.get_or_create(name="Editors")
    group.permissions.set(Permission.objects.filter(content_type__app_label="blogs"))
    return group


def make_blog(sample: SampleBlog, people: dict[str, User]) -> bool:
    """Make a blog with its entries, in the order they were written; return whether it is new."""
    blog, is_new = Blog.objects.get_or_create(
        slug=sample.slug, defaults={"title": sample.title, "summary": sample.summary}
    )
    if is_new:
        for minutes, text in sample.posts:
            Post.objects.create(blog=blog, author=people["editor"], text=text, created=ago(minutes))
        for minutes, username, text in sample.chat:
            ChatLine.objects.create(blog=blog, author=people[username], text=text, created=ago(minutes))
    return is_new


def ago(minutes: int) -> Any:
    """Return the time a number of minutes ago."""
    return timezone.now() - timedelta(minutes=minutes)
