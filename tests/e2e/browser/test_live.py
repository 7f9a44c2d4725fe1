"""The live blog in real browsers: live posts and chat, polling, reconnecting."""

from typing import Any

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
expect = sync_api.expect

BLOG = "/liveblog/lock-to-lock/"

#: Run in the page before its scripts: WebSockets that cannot be made, and WebSockets that a server refuses.
NO_WEBSOCKETS = "window.WebSocket = class { constructor() { throw new Error('blocked by the test'); } };"
REFUSED_WEBSOCKETS = """
const Real = window.WebSocket;
window.WebSocket = class extends Real { constructor() { super(`ws://${location.host}/nowhere/`); } };
"""


def post(page: Any, text: str) -> Any:
    """Return the post that holds `text`."""
    return page.locator("#timeline .post", has=page.locator(".text", has_text=text))


def write(page: Any, text: str) -> None:
    """Write a post with the form of the page."""
    page.get_by_label("What is happening?").fill(text)
    page.get_by_role("button", name="Post", exact=True).click()


def is_live(page: Any, state: str = "live") -> None:
    """Wait until the page shows this state of its connection."""
    expect(page.locator("#state")).to_have_attribute("data-state", state)


def stay(page: Any) -> Any:
    """Mark the page, and return a check that it was never loaded again."""
    page.evaluate("window.isTheSame = true")
    return lambda: page.evaluate("window.isTheSame === true")


def id_of(locator: Any) -> str:
    """Return the number of a post."""
    return str(locator.get_attribute("data-key"))


def test_a_post_made_in_one_window_appears_changes_and_vanishes_in_the_other(window):
    editor, reader = window(BLOG, login="editor"), window(BLOG)
    is_live(editor)
    is_live(reader)
    is_same_page = stay(reader)

    write(editor, "Kittiwake has run aground.\n\nShe says it is <b>deliberate</b>.")
    expect(post(reader, "Kittiwake has run aground.")).to_be_visible()
    expect(post(reader, "Kittiwake has run aground.")).to_contain_text("She says it is <b>deliberate</b>.")
    expect(reader.locator("#timeline .post").first).to_contain_text("Kittiwake has run aground.")
    expect(editor.get_by_label("What is happening?")).to_have_value("")

    post(editor, "Kittiwake has run aground.").get_by_role("link", name="Edit").click()
    editor.get_by_label("The text of the post").fill("Kittiwake is afloat again.")
    editor.get_by_role("button", name="Save").click()
    expect(post(reader, "Kittiwake is afloat again.")).to_contain_text("edited")
    expect(post(reader, "Kittiwake has run aground.")).to_have_count(0)

    post(editor, "Kittiwake is afloat again.").get_by_role("link", name="Delete").click()
    editor.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(post(reader, "Kittiwake is afloat again.")).to_have_count(0)
    expect(post(editor, "Kittiwake is afloat again.")).to_have_count(0)
    assert is_same_page()


def test_readers_chat_under_the_names_of_their_login(window):
    reader, editor, stranger = window(BLOG, login="reader"), window(BLOG, login="editor"), window(BLOG)
    for page in (reader, editor, stranger):
        is_live(page)
    reader.get_by_placeholder("Say something").fill("Is that a <heron>?")
    reader.keyboard.press("Enter")
    for page in (reader, editor, stranger):
        line = page.locator("#lines .line", has_text="Is that a <heron>?")
        expect(line).to_have_count(1)
        expect(line.locator(".by")).to_have_text("Tobi Lund")
    editor.get_by_placeholder("Say something").fill("It is a bollard.")
    editor.get_by_role("button", name="Send").click()
    expect(reader.locator("#lines .line", has_text="It is a bollard.").locator(".by")).to_have_text("Mara Voss")
    expect(stranger.get_by_placeholder("Say something")).to_have_count(0)
    expect(stranger.locator("#chat")).to_contain_text("Log in to join the chat.")


def test_posts_stay_in_their_own_blog(window):
    editor, elsewhere = window(BLOG, login="editor"), window("/liveblog/heron-2/")
    is_live(editor)
    is_live(elsewhere)
    write(editor, "Only for the race.")
    expect(post(editor, "Only for the race.")).to_be_visible()
    editor.goto("/liveblog/heron-2/")
    is_live(editor)
    write(editor, "Only for the balloon.")
    expect(post(elsewhere, "Only for the balloon.")).to_be_visible()
    expect(post(elsewhere, "Only for the race.")).to_have_count(0)


def test_changes_from_a_terminal_arrive(site, window):
    reader = window(BLOG)
    is_live(reader)
    is_same_page = stay(reader)
    site.manage("post", "lock-to-lock", "Written in a terminal.")
    expect(post(reader, "Written in a terminal.")).to_contain_text("The desk")
    number = id_of(post(reader, "Written in a terminal."))
    site.manage("post", "lock-to-lock", "Mended in a terminal.", "--edit", number)
    expect(post(reader, "Mended in a terminal.")).to_be_visible()
    site.manage("post", "lock-to-lock", "--delete", number)
    expect(post(reader, "Mended in a terminal.")).to_have_count(0)
    assert is_same_page()


def test_changes_in_the_admin_arrive(window):
    reader, admin = window(BLOG), window("/admin/blogs/post/add/", login="editor")
    is_live(reader)
    admin.get_by_label("Blog:").select_option(label="Lock to Lock: the Michaelmas narrowboat race")
    admin.get_by_label("Text:").fill("Written in the admin.")
    admin.get_by_role("button", name="Save and continue editing").click()
    expect(post(reader, "Written in the admin.")).to_contain_text("Mara Voss")
    admin.get_by_label("Text:").fill("Mended in the admin.")
    admin.get_by_role("button", name="Save and continue editing").click()
    expect(post(reader, "Mended in the admin.")).to_be_visible()
    admin.locator("a.deletelink").click()  # a link until Django 6.0, whose role is button from 6.1 on
    admin.get_by_role("button", name="Yes, I’m sure").click()
    expect(post(reader, "Mended in the admin.")).to_have_count(0)


@pytest.mark.parametrize("blocked", [NO_WEBSOCKETS, REFUSED_WEBSOCKETS], ids=["no constructor", "refused"])
def test_without_websockets_the_page_polls_and_can_write(site, window, blocked):
    editor = window(BLOG, login="editor", before=blocked)
    reader = window(BLOG, login="reader", before=blocked)
    is_live(editor, "polling")
    is_live(reader, "polling")
    is_same_page = stay(reader)
    for number in range(3):
        site.manage("post", "lock-to-lock", f"Polled {number} {len(blocked)}.")
        expect(post(reader, f"Polled {number} {len(blocked)}.")).to_be_visible()
    write(editor, f"Written by a form {len(blocked)}.")
    mine = post(reader, f"Written by a form {len(blocked)}.")
    expect(mine).to_be_visible()
    post(editor, f"Written by a form {len(blocked)}.").get_by_role("link", name="Delete").click()
    editor.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(mine).to_have_count(0)
    reader.get_by_placeholder("Say something").fill(f"Slow water {len(blocked)}")
    reader.keyboard.press("Enter")
    expect(editor.locator("#lines .line", has_text=f"Slow water {len(blocked)}")).to_be_visible()
    assert is_same_page()


def test_after_a_restart_of_the_interface_the_page_reconnects_and_catches_up(site, window):
    site.manage("post", "lock-to-lock", "Will be mended.")
    site.manage("post", "lock-to-lock", "Will be deleted.")
    editor = window(BLOG, login="editor")
    is_live(editor)
    is_same_page = stay(editor)
    mended, deleted = (id_of(post(editor, text)) for text in ("Will be mended.", "Will be deleted."))
    editor.get_by_label("What is happening?").fill("Half a sent")

    site.stop_interface()
    try:
        is_live(editor, "reconnecting")
        editor.get_by_role("button", name="Post", exact=True).click()
        expect(editor.locator(".compose .problem")).to_contain_text("could not be sent")
        site.manage("post", "lock-to-lock", "Missed.")
        site.manage("post", "lock-to-lock", "Was mended.", "--edit", mended)
        site.manage("post", "lock-to-lock", "--delete", deleted)
    finally:
        site.start_interface()

    is_live(editor)
    expect(post(editor, "Missed.")).to_have_count(1)
    expect(post(editor, "Was mended.")).to_have_count(1)
    expect(post(editor, "Will be deleted.")).to_have_count(0)
    expect(editor.get_by_label("What is happening?")).to_have_value("Half a sent")
    assert is_same_page()
    site.manage("post", "lock-to-lock", "Live again.")
    expect(post(editor, "Live again.")).to_be_visible()


def test_what_is_refused_stays_in_its_form_with_the_reason(window):
    editor = window(BLOG, login="editor")
    is_live(editor)
    write(editor, "   ")
    expect(editor.locator(".compose .problem")).to_have_text("Write something first.")
    expect(editor.get_by_label("What is happening?")).to_have_value("   ")
    write(editor, "Something.")
    expect(post(editor, "Something.")).to_be_visible()
    expect(editor.locator(".compose .problem")).to_be_empty()


def test_the_change_of_another_editor_does_not_close_an_open_editor(site, window):
    site.manage("post", "lock-to-lock", "Two write at once.")
    editor = window(BLOG, login="editor")
    is_live(editor)
    mine = post(editor, "Two write at once.")
    number = id_of(mine)
    mine.get_by_role("link", name="Edit").click()
    editor.get_by_label("The text of the post").fill("My version.")
    site.manage("post", "lock-to-lock", "Their version.", "--edit", number)
    expect(editor.locator(f"#post-{number} .problem")).to_contain_text("Somebody else")
    expect(editor.get_by_label("The text of the post")).to_have_value("My version.")
    editor.get_by_label("The text of the post").press("Escape")
    expect(post(editor, "Their version.")).to_be_visible()


def test_a_deleted_blog_is_said_and_not_asked_for_again(site, window):
    make = "from blogs.models import Blog; Blog.objects.create(title='Short', slug='short')"
    site.manage("shell", "-c", make)
    page = window("/liveblog/short/")
    is_live(page)
    site.manage("shell", "-c", "from blogs.models import Blog; Blog.objects.get(slug='short').delete()")
    site.stop_interface()
    site.start_interface()
    is_live(page, "ended")
    expect(page.locator("#state")).to_contain_text("There is no such blog.")
