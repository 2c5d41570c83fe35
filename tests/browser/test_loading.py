"""What the pages cost to load, and the policy that they come with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from playwright.async_api import Response, expect

if TYPE_CHECKING:
    from .conftest import Meet, Visit
    from .visitor import Visitor

MOST_BYTES = 250_000
BREAK_THE_POLICY = """() => {
  const script = document.createElement('script')
  script.textContent = 'document.title = "taken over"'
  const words = document.createElement('p')
  words.setAttribute('style', 'color: red')
  const style = document.createElement('style')
  style.textContent = 'p { color: red }'
  const image = document.createElement('img')
  image.src = 'https://elsewhere.example/pixel.png'
  document.body.append(script, words, style, image)
}"""


class Traffic:
    """What a tab loads over the wire from now on, in gzip and with nothing cached."""

    def __init__(self) -> None:
        self.bytes = 0
        self.files = 0
        self.codings: set[str] = set()

    async def watch(self, visitor: Visitor) -> None:
        cdp = await visitor.context.new_cdp_session(visitor.page)
        cdp.on("Network.loadingFinished", self._loaded)
        await cdp.send("Network.enable")
        await cdp.send("Network.setCacheDisabled", {"cacheDisabled": True})
        await visitor.page.set_extra_http_headers({"Accept-Encoding": "gzip"})
        visitor.page.on("response", lambda answer: self.codings.add(answer.headers.get("content-encoding", "")))

    def _loaded(self, event: dict[str, Any]) -> None:
        self.bytes += event["encodedDataLength"]
        self.files += 1


async def test_the_first_load_is_small(visit: Visit) -> None:
    """UI-30: the list of rooms, and a room with its editor, each from nothing."""
    ada = await visit("Ada")
    room_id = await ada.person.make_room(name="Small")
    await ada.person.insert(room_id, 0, "small text")
    sizes = {}
    for path in ("/", f"/rooms/{room_id}"):
        traffic = Traffic()
        await ada.new_tab()
        await traffic.watch(ada)
        await ada.open(path)
        loaded = ada.page.get_by_role("link", name="Small") if path == "/" else ada.page.get_by_text("small text")
        await expect(loaded).to_be_visible()
        await ada.page.wait_for_load_state("networkidle")
        assert traffic.files > 3
        assert "gzip" in traffic.codings
        assert "br" not in traffic.codings
        sizes[path] = traffic.bytes
    assert max(sizes.values()) < MOST_BYTES, sizes


async def test_headers_and_policy(meet: Meet) -> None:
    """PAGE-1, PAGE-2, PAGE-3, UI-31: the page is asked for anew, its files are kept, nothing runs inline."""
    _, (ada,) = await meet("Ada")
    answers: list[Response] = []
    ada.page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - it needs a Python function
    await ada.page.reload()
    await expect(ada.editor).to_be_visible()
    page = next(answer for answer in answers if "/rooms/" in answer.url and answer.request.is_navigation_request())
    files = [answer for answer in answers if "/assets/" in answer.url]
    assert len(files) > 3
    assert page.headers["cache-control"] == "no-cache"
    assert {file.headers["cache-control"] for file in files} == {"public, max-age=31536000, immutable"}
    policy = page.headers["content-security-policy"]
    assert "unsafe-inline" not in policy
    assert "unsafe-eval" not in policy
    assert "default-src 'none'" in policy or "default-src 'self'" in policy

    assert ada.complaints == []
    await ada.page.evaluate(BREAK_THE_POLICY)
    for directive in ("script-src", "style-src-attr|style-src", "style-src-elem|style-src", "img-src"):
        assert any(re.search(directive, complaint) for complaint in ada.complaints), (directive, ada.complaints)
    await expect(ada.page).not_to_have_title("taken over")
    ada.complaints.clear()


async def test_a_newer_build_is_not_mixed_with_an_older(visit: Visit) -> None:
    """UI-13: a page whose parts are gone from the server says so, and loads anew when asked."""
    ada = await visit("Ada")
    room_id = await ada.person.make_room()
    ada.expects_trouble("status of 404")
    await ada.page.route("**/assets/RoomPage-*.js", lambda route: route.fulfill(status=404))
    await ada.open(f"/rooms/{room_id}")
    await expect(ada.page.get_by_role("heading", name="The server cannot be reached")).to_be_visible()
    await ada.page.unroute_all()
    await ada.button("Try again").click()
    await expect(ada.editor).to_be_visible()
