"""The review: what is decided, who may come in, and the application in a real browser."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from dedupe import Config, examine, read_post
from dedupe.decisions import Decision, read_decisions
from dedupe.desk import Desk
from dedupe.report import report_post
from dedupe.review import Server
from dedupe.session import RefusalError, Session, Status

WEB = Path(__file__).parents[1] / "src" / "dedupe" / "web"
NET = "朝の港には網を繕う人がいる。🐟 指の動きは早く、目は沖を見たままだ。糸は祖父の代から同じ店で買う。"
BOAT = "船の名は港の古い言葉で朝を表す。塗り直すのは年に一度、祭りの前の晴れた日と決まっている。"
MARKET = "市場は夜明け前に開く。氷の上に並ぶ魚の目は、まだ海の色を覚えている。"
RERUN = f"{NET}\n\n{BOAT}\n\n{MARKET}\n\n\n{NET}\n\n{BOAT}\n"
SMALL = f"{MARKET}\n\n{BOAT}\n\n{BOAT}\n"
EVIL = (
    f"{NET} <script>window.hurt = 1</script> <img src=x onerror='window.hurt = 2'> {BOAT}\n\n"
    f"{MARKET} [link](javascript:window.hurt=3) </script><script>window.hurt = 4</script> {BOAT[:-1]}と思う。\n"
)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts" / "evil.md").write_text(f"{EVIL}\n\n{EVIL}", "utf-8")
    (tmp_path / "posts" / "rerun.md").write_text(RERUN, "utf-8")
    (tmp_path / "posts" / "small.md").write_text(SMALL, "utf-8")
    (tmp_path / "secret.txt").write_text("nobody may read this", "utf-8")
    return tmp_path


@pytest.fixture
def server(site: Path) -> Iterator[Server]:
    served = Server(Desk(["posts"], Config(), jobs=1), language="en")
    thread = threading.Thread(target=served.run)
    thread.start()
    yield served
    served.stop()
    thread.join()


def session() -> Session:
    posts = {"rerun.md": RERUN, "small.md": SMALL, "clean.md": f"{NET}\n"}
    return Session([report_post(examine(read_post(name, text), Config())) for name, text in posts.items()], {})


def decided(site: Path) -> list[Decision]:
    file = site / ".dedupe" / "decisions.jsonl"
    return list(read_decisions(file.read_text("utf-8"), str(file)).values()) if file.exists() else []


def test_the_queue_begins_with_what_loses_most_and_leaves_out_clean_posts() -> None:
    review = session()
    assert [review.posts[number].path for number in review.order] == ["rerun.md", "small.md"]
    first = review.next(None, waiting=True)
    assert first is not None
    assert review.posts[first.post].path == "rerun.md"
    second = review.next(first)
    assert second is not None
    assert review.next(second) == first
    assert review.next(first, back=True) == second


def test_a_decision_can_be_taken_back_and_one_made_elsewhere_is_not_overwritten() -> None:
    review = session()
    item = review.next(None)
    assert item is not None
    review.decide(item, Decision.ACCEPT, "open")
    assert review.status(item) is Status.ACCEPT
    with pytest.raises(RefusalError, match="decided_elsewhere"):
        review.decide(item, Decision.REJECT, "open")
    review.undo()
    assert review.status(item) is Status.OPEN
    with pytest.raises(RefusalError, match="nothing_to_undo"):
        review.undo()


def test_all_of_a_kind_are_decided_and_undone_at_once() -> None:
    review = session()
    kind = next(iter(review.kinds()))
    assert review.decide_all(kind, Decision.REJECT) == review.counts()[Status.REJECT] == 2
    assert review.decide_all(kind, Decision.ACCEPT) == 0
    review.undo()
    assert review.counts()[Status.OPEN] == 2


def test_only_who_has_the_key_comes_in_and_only_from_here(server: Server, site: Path) -> None:
    base = server.url.partition("/?")[0]
    with httpx.Client(base_url=base) as stranger:
        for path in ("/", "/?token=", "/?token=wrong", "/static/review.js", "/progress", "/posts/0"):
            assert stranger.get(path).status_code == 403
    with httpx.Client(base_url=base, follow_redirects=True) as guest:
        answer = guest.get(server.url)
        assert answer.status_code == 200
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert guest.get("/", headers={"host": "evil.example"}).status_code == 403
        assert guest.post("/undo", headers={"origin": "http://evil.example"}).status_code == 403
        assert guest.post("/undo").status_code == 403
        for path in (
            "/static/..%2f..%2fsecret.txt",
            "/static/%2e%2e/words.json",
            "/posts/..%2fsecret.txt",
            "/posts/99",
            "/secret.txt",
        ):
            answer = guest.get(path)
            assert answer.status_code == 404
            assert "nobody may read this" not in answer.text
    assert not (site / ".dedupe" / "decisions.jsonl").exists()


def test_decisions_by_mouse_are_previewed_applied_and_given_back(server: Server, site: Path, page: Page) -> None:
    before = {file.name: file.read_bytes() for file in (site / "posts").iterdir()}
    page.goto(server.url)
    page.wait_for_selector("text=rerun.md")
    page.click("text=rerun.md")
    page.wait_for_selector("#pane-rendered")
    page.click("#tab-diff")
    assert page.locator("#pane-diff .gone").count() > 0
    with page.expect_navigation():
        page.click("button[data-key=a]")
    assert decided(site) == [Decision.ACCEPT]
    assert {file.name: file.read_bytes() for file in (site / "posts").iterdir()} == before
    page.click("nav a[href='/apply']")
    page.click("form.choice button >> nth=0")
    page.wait_for_selector("form[action$='/undo'] button:has-text('Undo this run')")
    changed = [file.name for file in (site / "posts").iterdir() if file.read_bytes() != before[file.name]]
    assert changed == ["rerun.md"]
    page.click("main form[action$='/undo'] button")
    page.wait_for_selector("text=small.md")
    assert {file.name: file.read_bytes() for file in (site / "posts").iterdir()} == before


def test_keys_alone_decide_and_undo(server: Server, site: Path, page: Page) -> None:
    page.goto(server.url)
    page.wait_for_selector("[data-key=b]")
    page.keyboard.press("b")
    page.wait_for_selector("button[data-key=a]")
    with page.expect_navigation():
        page.keyboard.press("r")
    assert decided(site) == [Decision.REJECT]
    with page.expect_navigation():
        page.keyboard.press("u")
    assert decided(site) == []
    page.keyboard.press("?")
    assert page.locator("dialog#keys").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("dialog#keys").is_visible()


def test_nothing_of_a_hostile_post_acts(server: Server, page: Page) -> None:
    page.goto(server.url)
    page.wait_for_selector("text=evil.md")
    page.click("text=evil.md")
    page.wait_for_selector("#pane-rendered")
    assert "window.hurt = 1" in page.inner_text("main")
    assert page.evaluate("window.hurt") is None
    assert page.locator("main img, main script, main a[href^='javascript:']").count() == 0


def test_a_second_tab_and_a_post_that_changed_are_told(server: Server, site: Path, browser: Browser) -> None:
    context = browser.new_context()
    one, two = context.new_page(), context.new_page()
    one.goto(server.url)
    one.wait_for_selector("text=rerun.md")
    one.click("text=rerun.md")
    one.wait_for_selector("button[data-key=a]")
    two.goto(one.url)
    with two.expect_navigation():
        two.click("button[data-key=r]")
    with one.expect_navigation():
        one.click("button[data-key=a]")
    assert decided(site) == [Decision.REJECT]
    (site / "posts" / "small.md").write_text(f"{SMALL}\n{NET}\n", "utf-8")
    one.goto(server.url.partition("/?")[0] + "/")
    one.click("text=small.md")
    one.wait_for_selector("button[data-key=a]")
    (site / "posts" / "small.md").write_text(f"{NET}\n\n{SMALL}", "utf-8")
    with one.expect_navigation():
        one.click("button[data-key=a]")
    assert "small.md" in one.inner_text("[role=status]")
    assert decided(site) == [Decision.REJECT]
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_review_is_for_everyone(server: Server, browser: Browser, scheme: str, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(server.url)
    page.wait_for_selector("text=rerun.md")
    for step in ("text=rerun.md", "nav a[href='/apply']"):
        found = Axe().run(page).response["violations"]
        assert [each["id"] for each in found if each["impact"] in {"serious", "critical"}] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.click(step)
        page.wait_for_load_state()
    context.close()


def test_both_languages_say_the_same_things() -> None:
    words = json.loads((WEB / "review_words.json").read_text("utf-8"))
    assert words["en"].keys() == words["ja"].keys()
    for key, english in words["en"].items():
        assert set(re.findall(r"\{\w+\}", english)) >= set(re.findall(r"\{\w+\}", words["ja"][key])), key
