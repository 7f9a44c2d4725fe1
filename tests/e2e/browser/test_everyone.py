"""The site for everyone: without JavaScript, with a keyboard, on a phone, in the dark."""

from typing import Any

import pytest

pytestmark = pytest.mark.once

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
expect = sync_api.expect

BLOG = "/liveblog/lock-to-lock/"
PHONE = {"width": 360, "height": 740}

#: Returns [ratio, needed, text] of each text that has less contrast with its ground than WCAG 2.2 AA asks (1.4.3).
LOW_CONTRAST = """() => {
  const parse = (colour) => {
    const [r, g, b, a = 1] = colour.match(/[\\d.]+/g).map(Number);
    return { rgb: [r, g, b], a };
  };
  const ground = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const { rgb, a } = parse(getComputedStyle(one).backgroundColor);
      if (a === 1) return rgb;
    }
    return [255, 255, 255];
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (one, two) => {
    const [high, low] = [light(one), light(two)].sort((x, y) => y - x);
    return (high + 0.05) / (low + 0.05);
  };
  const found = [];
  for (const element of document.body.querySelectorAll("*")) {
    const text = [...element.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data.trim()).join("");
    if (!text || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const size = parseFloat(style.fontSize);
    const needed = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
    const has = ratio(parse(style.color).rgb, ground(element));
    if (has < needed) found.push([has, needed, text.slice(0, 40)]);
  }
  return found;
}"""


def overflow(page: Any) -> int:
    """Return by how many pixels the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))


def test_everything_can_be_read_without_javascript(window):
    page = window("/", java_script_enabled=False)
    page.get_by_role("link", name="Lock to Lock").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Lock to Lock: the Michaelmas narrowboat race")
    expect(page.locator("#timeline")).to_contain_text("Good morning from Hatherley Basin.")
    expect(page.locator("#lines")).to_contain_text("Can confirm the plum cake.")
    expect(page.locator("#state")).to_have_text("Reload for news")


def test_editors_and_readers_can_write_without_javascript(window):
    page = window(BLOG, login="editor", java_script_enabled=False)
    page.get_by_label("What is happening?").fill("Without a script.")
    page.get_by_role("button", name="Post", exact=True).click()
    mine = page.locator("#timeline .post", has_text="Without a script.")
    expect(mine).to_be_visible()
    mine.get_by_role("link", name="Edit").click()
    page.get_by_label("Text").fill("Still without a script.")
    page.get_by_role("button", name="Save").click()
    page.locator("#timeline .post", has_text="Still without").get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete this post").click()
    expect(page.locator("#timeline")).not_to_contain_text("Still without a script.")
    page.get_by_placeholder("Say something").fill("No script here either.")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#lines")).to_contain_text("No script here either.")


def test_a_post_can_be_written_edited_and_deleted_with_the_keyboard_alone(window):
    page = window(BLOG, login="editor")
    expect(page.locator("#state")).to_have_attribute("data-state", "live")
    keys = page.keyboard

    def tab_to(selector: str) -> None:
        for _ in range(60):
            keys.press("Tab")
            if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
                break
        shown = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert page.evaluate("(selector) => document.activeElement.matches(selector)", selector)
        assert shown != "none", f"the focus is not visible on {selector}"

    tab_to("#compose")
    keys.type("Typed, not clicked.")
    tab_to(".compose button")
    keys.press("Enter")
    mine = page.locator("#timeline .post", has_text="Typed, not clicked.")
    expect(mine).to_be_visible()

    tab_to("#timeline .post:first-child [data-edit]")
    keys.press("Enter")
    expect(page.get_by_label("The text of the post")).to_be_focused()
    keys.type("Thrown away.")
    keys.press("Escape")
    expect(mine.get_by_role("link", name="Edit")).to_be_focused()
    expect(mine.locator(".text")).to_have_text("Typed, not clicked.")

    tab_to("#timeline .post:first-child [data-delete]")
    keys.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    keys.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    keys.press("Enter")
    tab_to("dialog .danger")
    keys.press("Enter")
    expect(mine).to_have_count(0)


@pytest.mark.parametrize("path", ["/", BLOG, "/login/"])
def test_nothing_is_wider_than_a_phone(window, path):
    page = window(path, login="editor" if path == BLOG else None, viewport=PHONE)
    assert overflow(page) == 0


def test_on_a_phone_long_words_wrap_and_the_chat_is_a_sheet(site, window):
    site.manage("post", "lock-to-lock", "https://example.org/" + "towpath" * 40)
    page = window(BLOG, login="reader", viewport=PHONE, has_touch=True)
    expect(page.locator("#state")).to_have_attribute("data-state", "live")
    assert overflow(page) == 0
    say = page.get_by_placeholder("Say something")
    expect(say).to_be_hidden()
    page.get_by_role("button", name="Chat").tap()
    say.fill("From a phone.")
    page.get_by_role("button", name="Send").tap()
    expect(page.locator("#lines")).to_contain_text("From a phone.")
    assert overflow(page) == 0
    say.press("Escape")
    expect(say).to_be_hidden()


def test_unread_chat_is_counted_while_the_sheet_is_closed(window):
    page, other = window(BLOG, viewport=PHONE), window(BLOG, login="reader")
    for one in (page, other):
        expect(one.locator("#state")).to_have_attribute("data-state", "live")
    other.get_by_placeholder("Say something").fill("Anybody there?")
    other.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Chat")).to_contain_text("1 new")
    page.get_by_role("button", name="Chat").click()
    expect(page.get_by_role("button", name="Chat")).not_to_contain_text("new")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast_in_light_and_in_the_dark(window, scheme):
    page = window(BLOG, login="editor", color_scheme=scheme)
    expect(page.locator("#state")).to_have_attribute("data-state", "live")
    red, green, blue = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).map(Number)")
    assert (red + green + blue < 150) == (scheme == "dark")
    page.get_by_role("link", name="Edit").first.click()
    assert page.evaluate(LOW_CONTRAST) == []
    for path in ("/", "/login/"):
        page.goto(path)
        assert page.evaluate(LOW_CONTRAST) == []


def test_a_new_post_does_not_move_what_is_being_read(site, window):
    page = window(BLOG, viewport=PHONE)
    expect(page.locator("#state")).to_have_attribute("data-state", "live")
    target = page.locator("#timeline .post", has_text="Good morning from Hatherley Basin.")
    target.scroll_into_view_if_needed()
    before = target.bounding_box()
    site.manage("post", "lock-to-lock", "Above the window.")
    fresh = page.get_by_role("button", name="1 new post")
    expect(fresh).to_be_visible()
    assert abs(target.bounding_box()["y"] - before["y"]) < 2
    fresh.click()
    expect(page.locator("#timeline .post", has_text="Above the window.")).to_be_in_viewport()
    expect(fresh).to_be_hidden()


def test_nothing_moves_for_those_who_asked_for_less_motion(window):
    page = window(BLOG, reduced_motion="reduce")
    expect(page.locator("#state")).to_have_attribute("data-state", "live")
    assert page.evaluate("document.getAnimations().length") == 0


def test_pages_load_nothing_from_elsewhere_and_break_no_rule_of_their_own(site, window):
    page = window(BLOG, login="editor")
    asked, complaints = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    for path in ("/", BLOG, "/admin/blogs/post/"):
        page.goto(path)
    assert [url for url in asked if not url.startswith((site.url, "data:"))] == []
    assert complaints == []
