"""Blogs, and the two kinds of entries they have: posts by editors, and readers' chat.

Invariant: every change of an entry takes the blog's next revision number in the same transaction. The blog's row stays
locked until that transaction commits, so revisions become visible in order: "all after revision n" is complete.
"""

from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Max, OuterRef, Q, Subquery
from django.urls import reverse
from django.utils import timezone
from towpath import Group


class BlogQuerySet(models.QuerySet["Blog"]):
    """Blogs, with what the front page shows of them."""

    def by_latest_post(self) -> "BlogQuerySet":
        """Order by the latest post, newest first; `latest` is its time and `latest_text` its text."""
        newest = Post.objects.visible().filter(blog=OuterRef("pk")).order_by("-pk")
        return self.annotate(
            latest=Max("posts__created", filter=Q(posts__removed=False)),
            latest_text=Subquery(newest.values("text")[:1]),
        ).order_by(F("latest").desc(nulls_last=True), "title")


class Blog(models.Model):
    """A live blog."""

    title = models.CharField(max_length=200)
    slug = models.SlugField(unique=True)
    summary = models.TextField(blank=True)
    #: The number of the latest change of a post or chat line.
    revision = models.PositiveBigIntegerField(default=0, editable=False)

    objects = BlogQuerySet.as_manager()

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Return the path of the blog's page."""
        return reverse("blog", args=[self.slug])

    @property
    def readers(self) -> Group:
        """The group of all WebSockets on this blog."""
        return Group(f"liveblog-{self.pk}")

    @property
    def pollers(self) -> Group:
        """The group of all HTTP requests that wait for the next change."""
        return Group(f"liveblog-{self.pk}-pollers")

    def next_revision(self) -> int:
        """Take the next revision number; other writers of this blog wait until the transaction ends."""
        Blog.objects.filter(pk=self.pk).update(revision=F("revision") + 1)
        self.refresh_from_db(fields=["revision"])
        return self.revision


class EntryQuerySet(models.QuerySet[Any]):
    """Posts or chat lines."""

    def visible(self) -> "EntryQuerySet":
        """Leave out what was removed."""
        return self.filter(removed=False)

    def delete(self) -> tuple[int, dict[str, int]]:
        """Remove one by one, so that pages are notified of each removal."""
        count = sum(entry.delete()[0] for entry in self)
        return count, {self.model._meta.label: count}


class Entry(models.Model):
    """The fields of posts and chat lines. `notify` sends each change to the open pages of the blog.

    A removed entry stays in the table and is not shown, so that pages that reconnect can remove it.
    """

    max_length = 500

    blog = models.ForeignKey(Blog, on_delete=models.CASCADE, related_name="%(class)ss")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True)
    text = models.TextField()
    created = models.DateTimeField(default=timezone.now, editable=False)
    edited = models.DateTimeField(null=True, editable=False)
    revision = models.PositiveBigIntegerField(editable=False)
    removed = models.BooleanField(default=False, editable=False)

    objects = EntryQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ["pk"]
        indexes = [models.Index(fields=["blog", "revision"])]

    def __str__(self) -> str:
        return self.text if len(self.text) <= 60 else f"{self.text[:59]}…"

    @property
    def dom_id(self) -> str:
        """The id of the entry's element on the page."""
        return f"{self._meta.model_name}-{self.pk}"

    @property
    def byline(self) -> str:
        """The author's name; entries without an author are by the desk."""
        return "The desk" if self.author is None else self.author.get_full_name() or self.author.get_username()

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save with the blog's next revision, in one transaction."""
        if self.pk is not None and not self.removed:
            self.edited = timezone.now()
        with transaction.atomic():
            self.revision = self.blog.next_revision()
            super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Remove from the page of every reader."""
        self.removed = True
        self.save()
        return 1, {self._meta.label: 1}


class Post(Entry):
    """A post of an editor."""

    max_length = 10_000

    def get_absolute_url(self) -> str:
        """Return the post's place on its blog's page."""
        return f"{self.blog.get_absolute_url()}#{self.dom_id}"


class ChatLine(Entry):
    """A chat line of a reader."""

    @property
    def hue(self) -> int:
        """One of the six colours of the style sheet, always the same for one reader."""
        return (self.author_id or 0) % 6
