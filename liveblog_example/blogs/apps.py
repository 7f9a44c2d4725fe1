"""The one app of the example: blogs, their posts, and the readers' chat."""

from django.apps import AppConfig


class BlogsConfig(AppConfig):
    """Blogs, posts and chat."""

    name = "blogs"
    verbose_name = "Live blogs"

    def ready(self) -> None:
        """Connect the receiver of `post_save`."""
        from . import notify  # noqa: F401
