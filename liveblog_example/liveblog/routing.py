"""The routes of messages to consumers. Requests that match none are answered by Django's views."""

from towpath import include

channel_routing = [
    include("blogs.routing.blog_routing", path=r"^/liveblog/(?P<slug>[-\w]+)"),
]
