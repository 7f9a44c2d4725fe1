"""The pages and their forms, without JavaScript; the admin; the commands."""

from datetime import timedelta
from io import StringIO

from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import override_settings
from django.utils import timezone

from blogs.models import Blog, ChatLine, Post

from .live import LiveTestCase

PAGE = "/liveblog/otters/"


class PageTests(LiveTestCase):
    """The pages."""

    def test_the_front_page_has_the_latest_post_first(self) -> None:
        quiet = Blog.objects.create(title="Badger watch", slug="badgers")
        Blog.objects.create(title="Nothing yet", slug="nothing")
        Post.objects.create(blog=quiet, text="Asleep.", created=timezone.now() - timedelta(hours=1))
        Post.objects.create(blog=self.blog, text="Awake!")
        Post.objects.create(blog=quiet, text="Not shown.").delete()
        response = self.client.get("/")
        assert [blog.slug for blog in response.context["blogs"]] == ["otters", "badgers", "nothing"]
        self.assertContains(response, "Asleep.")
        self.assertNotContains(response, "Not shown.")

    def test_a_page_shows_posts_escaped_with_links_and_what_to_ask_for_next(self) -> None:
        post = Post.objects.create(blog=self.blog, text="<script>\n\nSee https://example.org/otters")
        response = self.client.get(PAGE)
        self.assertContains(response, "&lt;script&gt;")
        self.assertContains(response, 'href="https://example.org/otters"')
        self.assertContains(response, f'data-revision="{post.revision}"')
        self.assertNotContains(response, "<textarea")
        self.assertIn("default-src 'self'", response["Content-Security-Policy"])

    def test_older_posts_are_on_further_pages(self) -> None:
        posts = [Post(blog=self.blog, text=f"Post {n}.", revision=n) for n in range(120)]
        Post.objects.bulk_create(posts)
        seen = []
        address = PAGE
        while address:
            response = self.client.get(address)
            seen += [post.text for post in response.context["posts"]]
            older = response.context["older"]
            address = older and f"{PAGE}?before={older}"
        assert seen == [f"Post {n}." for n in reversed(range(120))]

    def test_the_chat_shows_its_last_fifty_lines_in_order(self) -> None:
        lines = [ChatLine(blog=self.blog, author=self.reader, text=f"Line {n}.", revision=n) for n in range(60)]
        ChatLine.objects.bulk_create(lines)
        shown = [line.text for line in self.client.get(PAGE).context["lines"]]
        assert shown == [f"Line {n}." for n in range(10, 60)]

    def test_unknown_pages_and_odd_queries_are_answered(self) -> None:
        assert self.client.get("/liveblog/badgers/").status_code == 404
        assert self.client.get(f"{PAGE}?before=x").status_code == 200


class FormTests(LiveTestCase):
    """The forms."""

    def test_an_editor_writes_edits_and_deletes_and_pages_see_it(self) -> None:
        page = self.page()
        self.client.force_login(self.editor)
        self.assertRedirects(self.client.post(f"{PAGE}act/", {"do": "post", "text": "Otter."}), PAGE)
        post = Post.objects.get()
        self.assertContains(self.client.get(f"{PAGE}posts/{post.pk}/"), "Otter.")
        self.client.post(f"{PAGE}act/", {"do": "edit", "id": post.pk, "text": "Otters."})
        self.client.post(f"{PAGE}act/", {"do": "delete", "id": post.pk})
        assert [frame["kind"] for frame in page.frames()] == ["post", "post", "deleted"]
        assert self.client.get(f"{PAGE}posts/{post.pk}/").status_code == 404

    def test_a_refusal_is_shown_on_the_page_or_given_as_json(self) -> None:
        response = self.client.post(f"{PAGE}act/", {"do": "chat", "text": "Hi"}, follow=True)
        self.assertContains(response, "Log in to join the chat.")
        response = self.client.post(f"{PAGE}act/", {"do": "chat"}, headers={"accept": "application/json"})
        assert (response.status_code, response.json()["kind"]) == (400, "refused")

    def test_only_editors_see_the_edit_page(self) -> None:
        post = Post.objects.create(blog=self.blog, text="Otter.")
        address = f"{PAGE}posts/{post.pk}/"
        self.assertRedirects(self.client.get(address), f"/login/?next={address}")
        self.client.force_login(self.reader)
        assert self.client.get(address).status_code == 403


class AdminTests(LiveTestCase):
    """Changes in the admin are announced like all others."""

    def test_adding_changing_and_deleting_reach_open_pages(self) -> None:
        self.client.force_login(User.objects.create_superuser("chief"))
        page = self.page()
        fields = {"blog": self.blog.pk, "author": self.editor.pk, "text": "From the admin."}
        self.client.post("/admin/blogs/post/add/", fields)
        one = Post.objects.get()
        self.client.post(f"/admin/blogs/post/{one.pk}/change/", {**fields, "text": "Changed."})
        self.client.post(f"/admin/blogs/post/{one.pk}/delete/", {"post": "yes"})
        assert [frame["kind"] for frame in page.frames()] == ["post", "post", "deleted"]
        self.assertContains(self.client.get("/admin/blogs/post/"), "0 posts")

    def test_deleting_many_chat_lines_at_once_announces_each(self) -> None:
        self.client.force_login(User.objects.create_superuser("chief"))
        lines = [ChatLine.objects.create(blog=self.blog, author=self.reader, text=text) for text in ("a", "b")]
        page = self.page()
        action = {"action": "delete_selected", "_selected_action": [line.pk for line in lines], "post": "yes"}
        self.client.post("/admin/blogs/chatline/", action)
        assert [frame["kind"] for frame in page.frames()] == ["deleted", "deleted"]

    def test_a_blog_can_be_deleted_with_all_that_is_in_it(self) -> None:
        Post.objects.create(blog=self.blog, text="Otter.")
        self.blog.delete()
        assert not Post.objects.exists()


class CommandTests(LiveTestCase):
    """`manage.py post` and `manage.py sample`."""

    def post(self, *arguments: str) -> str:
        """Run `manage.py post`."""
        out = StringIO()
        call_command("post", *arguments, stdout=out, stderr=StringIO())
        return out.getvalue()

    def test_post_writes_edits_and_deletes(self) -> None:
        page = self.page()
        self.post("otters", "From a terminal.", "--by", "mara")
        post = Post.objects.get()
        assert (post.text, post.byline) == ("From a terminal.", "Mara Voss")
        self.post("otters", "Changed.", "--edit", str(post.pk))
        self.post("otters", "--delete", str(post.pk))
        assert [frame["kind"] for frame in page.frames()] == ["post", "post", "deleted"]

    def test_post_says_what_is_wrong(self) -> None:
        for arguments in (["badgers", "x"], ["otters"], ["otters", "x", "--edit", "9"], ["otters", "x", "--by", "no"]):
            with self.assertRaises(CommandError):
                self.post(*arguments)

    @override_settings(DEBUG=True)
    def test_sample_can_be_run_twice(self) -> None:
        for _ in range(2):
            out = StringIO()
            call_command("sample", stdout=out)
        assert "password: editor" in out.getvalue()
        assert Blog.objects.count() == 4
        assert self.client.login(username="editor", password="editor")

    def test_sample_refuses_a_public_site(self) -> None:
        with self.assertRaisesMessage(CommandError, "--yes"):
            call_command("sample")
