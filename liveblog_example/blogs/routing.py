"""The live side of one blog; the prefix in liveblog/routing.py gives each consumer its `slug`.

There is no route for the end of a connection: a connection that closes leaves its groups by itself.
"""

from towpath import route

blog_routing = [
    route("websocket.connect", "blogs.consumers.connect", path=r"^/stream/$"),
    route("websocket.receive", "blogs.consumers.receive", path=r"^/stream/$"),
    route("http.request", "blogs.consumers.poll", path=r"^/poll/$", method=r"^GET$"),
]
