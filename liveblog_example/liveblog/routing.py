"""Which consumer gets which message. Requests that match nothing here are answered by Django's views."""

from towpath import include

channel_routing = [
    include("blogs.routing.blog_routing", path=r"^/liveblog/(?P<slug>[-\w]+)"),
]
