"""The WebSocket: admission, missed changes, and permissions."""

from typing import Any
from unittest import mock

from django.db import transaction

from blogs.models import ChatLine, Post

from .live import LiveTestCase, Page


class ConnectTests(LiveTestCase):
    """Opening the page."""

    def test_a_page_is_let_in_and_gets_what_it_missed(self) -> None:
        seen = Post.objects.create(blog=self.blog, text="Seen before.")
        missed = Post.objects.create(blog=self.blog, text="Came while it loaded.")
        page = Page()
        page.connect(since=seen.revision)
        accept, snapshot = page.replies()
        assert accept == {"accept": True}
        assert f'"id": "{missed.dom_id}"' in snapshot["text"]
        assert "Seen before" not in snapshot["text"]

    def test_a_snapshot_tells_of_edits_and_deletions_too(self) -> None:
        edited, deleted = (Post.objects.create(blog=self.blog, text=text) for text in ("Otter?", "Beaver."))
        since = deleted.revision
        edited.text = "Otter!"
        edited.save()
        deleted.delete()
        page = Page()
        page.connect(since=since)
        (snapshot,) = page.frames()
        assert [(entry["kind"], entry["id"]) for entry in snapshot["entries"]] == [
            ("post", edited.dom_id),
            ("deleted", deleted.dom_id),
        ]
        assert (snapshot["after"], snapshot["revision"]) == (since, deleted.revision)

    def test_a_client_that_missed_too_much_must_reload(self) -> None:
        Post.objects.create(blog=self.blog, text="One.")
        for since in (0, 99):
            page = Page()
            with mock.patch("blogs.payloads.CHANGES_AT_MOST", 0):
                page.connect(since=since)
            assert page.frames() == [{"kind": "reload"}]

    def test_an_unknown_blog_is_refused_with_a_reason(self) -> None:
        page = Page()
        page.connect(slug="badgers")
        (reply,) = page.replies()
        assert reply["accept"] is True
        assert "There is no such blog" in reply["text"]
        assert reply["close"] == 4404


class AnnouncementTests(LiveTestCase):
    """The messages to open pages."""

    def test_a_post_reaches_every_page_of_its_blog_as_html_of_the_page(self) -> None:
        pages = [self.page(), self.page()]
        post = Post.objects.create(blog=self.blog, author=self.editor, text="<b>Whiskers</b>\n\nand a tail")
        for page in pages:
            (frame,) = page.frames()
            assert (frame["kind"], frame["id"], frame["revision"]) == ("post", post.dom_id, post.revision)
            assert "<p>&lt;b&gt;Whiskers&lt;/b&gt;</p>" in frame["html"]
            assert "Mara Voss" in frame["html"]

    def test_nothing_is_sent_before_the_transaction_commits_or_when_it_does_not(self) -> None:
        page = self.page()
        with transaction.atomic():
            Post.objects.create(blog=self.blog, text="Yes.")
            assert page.frames() == []
        assert len(page.frames()) == 1
        with self.assertRaises(ZeroDivisionError), transaction.atomic():
            Post.objects.create(blog=self.blog, text="No.")
            raise ZeroDivisionError
        assert page.frames() == []

    def test_an_unreachable_layer_does_not_undo_a_post(self) -> None:
        with mock.patch("blogs.notify.send", side_effect=ConnectionError), self.assertLogs("django", "ERROR"):
            Post.objects.create(blog=self.blog, text="Kept.")
        assert Post.objects.get().text == "Kept."

    def test_an_entry_of_a_fixture_is_not_sent(self) -> None:
        page = self.page()
        Post(blog=self.blog, text="From a fixture.", revision=1).save_base(raw=True)  # as loaddata saves
        assert page.frames() == []

    def test_revisions_number_the_changes_of_one_blog(self) -> None:
        post = Post.objects.create(blog=self.blog, text="One.")
        line = ChatLine.objects.create(blog=self.blog, author=self.reader, text="Two.")
        post.delete()
        self.blog.refresh_from_db()
        assert (line.revision, post.revision, self.blog.revision) == (2, 3, 3)


class ActionTests(LiveTestCase):
    """The actions of a page."""

    def test_an_editor_writes_changes_and_deletes_a_post(self) -> None:
        page, other = self.page(self.editor), self.page()
        page.do(do="post", text="  An otter.\r\n", ref=1)
        post = Post.objects.get()
        assert (post.text, post.author) == ("An otter.", self.editor)
        page.do(do="edit", id=str(post.pk), text="Two otters.", ref=2)
        page.do(do="delete", id=str(post.pk), ref=3)
        assert [frame["kind"] for frame in other.frames()] == ["post", "post", "deleted"]
        answers = [frame for frame in page.frames() if "ref" in frame]
        assert answers == [{"kind": "done", "ref": ref} for ref in (1, 2, 3)]

    def test_a_reader_chats_and_may_not_write(self) -> None:
        page = self.page(self.reader)
        page.do(do="chat", text="Hello!", ref=1)
        chat, done = page.frames()
        assert (chat["kind"], done["kind"]) == ("chat", "done")
        assert "tobi" in chat["html"]
        for action in ("post", "edit", "delete"):
            page.do(do=action, id="1", text="Mine.", ref=2)
            assert page.frames()[0]["kind"] == "refused"
        assert not Post.objects.exists()

    def test_a_visitor_without_a_login_only_reads(self) -> None:
        page = self.page()
        page.do(do="chat", text="Hello!", ref=1)
        assert page.frames() == [{"kind": "refused", "text": "Log in to join the chat.", "ref": 1}]

    def test_bad_input_is_refused_not_fatal(self) -> None:
        page = self.page(self.editor)
        bad: list[dict[str, Any]] = [
            {"do": "post", "text": " "},
            {"do": "post", "text": 7},
            {"do": "post", "text": "x" * 10_001},
            {"do": "edit", "id": "no", "text": "x"},
            {"do": "delete", "id": 99},
            {"do": "delete", "id": "9" * 40},
            {"do": "sing"},
            {},
        ]
        for action in bad:
            page.do(**action)
        page.run("websocket.receive", "/liveblog/otters/stream/", text="[not json")
        page.run("websocket.receive", "/liveblog/otters/stream/", bytes=b"\x00")
        assert {frame["kind"] for frame in page.frames()} == {"refused"}
        assert not Post.objects.exists()
