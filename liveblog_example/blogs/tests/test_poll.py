"""The long poll."""

from blogs.models import Post

from .live import LiveTestCase, Page


class PollTests(LiveTestCase):
    """Requests that are answered now or later."""

    def test_news_is_answered_at_once(self) -> None:
        post = Post.objects.create(blog=self.blog, text="News.")
        page = Page()
        page.poll(since=0)
        (reply,) = page.replies()
        assert reply["status"] == 200
        assert post.dom_id.encode() in reply["content"]

    def test_without_news_the_next_change_answers_every_request_that_waits(self) -> None:
        pages = [Page(), Page()]
        for page in pages:
            page.poll(since=0)
            assert page.replies() == []
        post = Post.objects.create(blog=self.blog, text="News.")
        for page in pages:
            (snapshot,) = page.frames()
            assert (snapshot["kind"], snapshot["after"], snapshot["revision"]) == ("snapshot", 0, 1)
            assert [entry["id"] for entry in snapshot["entries"]] == [post.dom_id]

    def test_a_poll_that_does_not_want_to_wait_does_not(self) -> None:
        page = Page()
        page.poll(since=0, wait=0)
        assert page.frames() == [{"kind": "snapshot", "after": 0, "revision": 0, "entries": []}]

    def test_an_unknown_blog_is_not_found(self) -> None:
        page = Page()
        page.poll(slug="badgers")
        (reply,) = page.replies()
        assert reply["status"] == 404
