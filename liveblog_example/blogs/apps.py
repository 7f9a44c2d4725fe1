"""The one app of the example: blogs, their posts, and the readers' chat."""

from django.apps import AppConfig


class BlogsConfig(AppConfig):
    """Blogs, posts and chat."""

    name = "blogs"
    verbose_name = "Live blogs"
