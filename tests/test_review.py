"""The review: what is decided, who may come in, and the application in a real browser."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from starlette.routing import Route

from dedupe import Config, examine, read_post
from dedupe.answers import Answers
from dedupe.baseline import write_baseline
from dedupe.decisions import Decision, read_decisions
from dedupe.desk import Desk
from dedupe.errors import LockError
from dedupe.report import report_post
from dedupe.review import Server
from dedupe.session import RefusalError, Session, Status

NET = "朝の港には網を繕う人がいる。🐟 指の動きは早く、目は沖を見たままだ。糸は祖父の代から同じ店で買う。"
BOAT = "船の名は港の古い言葉で朝を表す。塗り直すのは年に一度、祭りの前の晴れた日と決まっている。"
MARKET = "市場は夜明け前に開く。氷の上に並ぶ魚の目は、まだ海の色を覚えている。"
RERUN = f"{NET}\n\n{BOAT}\n\n{MARKET}\n\n\n{NET}\n\n{BOAT}\n"
SMALL = f"{MARKET}\n\n{BOAT}\n\n{BOAT}\n"
EVIL = (
    f"{NET} </textarea></pre><script>window.hurt = 1</script> <img src=x onerror='window.hurt = 2'> {BOAT}\n\n"
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
    with serving(Desk(["posts"], Config(), jobs=1)) as served:
        yield served


def test_an_interrupt_is_how_a_review_ends(site: Path) -> None:
    with subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from dedupe.cli import main; main()",
            "review",
            "posts",
        ],
        cwd=site,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        assert httpx.get(url, follow_redirects=True).status_code == 200
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=30)
    assert (process.returncode, told) == (0, "")


@contextmanager
def serving(desk: Desk) -> Iterator[Server]:
    served = Server(desk, language="en")
    thread = threading.Thread(target=served.run)
    thread.start()
    try:
        yield served
    finally:
        served.stop()
        thread.join()


def opened(config: Config | None = None) -> tuple[Desk, Session]:
    desk = Desk(["posts"], config or Config(), jobs=1)
    desk.open()
    assert desk.session is not None, desk.error
    return desk, desk.session


def number_of(review: Session, name: str) -> int:
    return next(number for number, post in enumerate(review.posts) if post.path == f"posts/{name}")


def tab_to(page: Page, selector: str) -> None:
    """Press the tab key until what is meant has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"the tab key never comes to {selector}")


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


def test_no_answer_waits_for_the_acknowledgement_of_its_header(server: Server) -> None:
    assert server._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_posts_that_wait_for_a_person_alone_are_told_and_not_repaired(site: Path, page: Page) -> None:
    (site / "posts" / "merged.md").write_text(f"{NET}\n\n<<<<<<< HEAD\n{BOAT}\n=======\n{MARKET}\n>>>>>>> other\n", "utf-8")
    desk, review = opened()
    assert review.untouched_posts() == [number_of(review, "merged.md")]
    assert desk.apply(review.untouched_posts()).changed == 0
    with serving(Desk(["posts"], Config(), jobs=1)) as served:
        page.goto(served.url)
        page.wait_for_selector("ol.posts")
        page.click("nav a[href='/apply']")
        assert "In one more post there is only what needs your judgement" in page.inner_text("main")


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


def test_whatever_changes_something_asks_for_host_origin_and_key(server: Server, site: Path) -> None:
    base = server.url.partition("/?")[0]
    routes = Answers(Desk(["posts"], Config())).app().routes
    changing = [route for route in routes if isinstance(route, Route) and route.methods and "POST" in route.methods]
    assert len(changing) > 4
    held = {file: file.read_bytes() for file in site.rglob("*") if file.is_file()}
    with httpx.Client(base_url=base) as guest, httpx.Client(base_url=base) as stranger:
        guest.get(server.url)
        port = base.rpartition(":")[2]
        guessed = {"origin": base, "cookie": f"dedupe-review-{port}=guessed"}
        for route in changing:
            path = re.sub(r"\{\w+(:int)?\}", "0", route.path)
            for headers in (
                {},
                {"origin": "http://evil.example"},
                {"origin": "null"},
                {"origin": f"https://127.0.0.1:{port}"},
                {"origin": f"http://127.0.0.1:{int(port) - 1}"},
                {"origin": f"http://localhost:{port}"},
                {"origin": base, "host": f"evil.example:{port}"},
                {"origin": f"http://evil.example:{port}", "host": f"evil.example:{port}"},
            ):
                assert guest.post(path, headers=headers, data={"decision": "accept", "scope": "all"}).status_code == 403, (
                    path,
                    headers,
                )
            assert stranger.post(path, headers={"origin": base}).status_code == 403, path
            assert stranger.post(path, headers=guessed).status_code == 403, path
            assert guest.get(path).status_code in {200, 303, 404}, path
            assert guest.post(path, headers={"origin": base}, data={"decision": "nothing"}).status_code in {200, 303, 404}, path
        for route in routes:
            assert isinstance(route, Route)
            assert stranger.get(re.sub(r"\{\w+(:int)?\}", "0", route.path)).status_code == 403, route.path
    assert {file: file.read_bytes() for file in site.rglob("*") if file.is_file()} == held


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


def test_keys_alone_lead_from_the_first_page_to_applied_and_back(server: Server, site: Path, page: Page) -> None:
    before = {file.name: file.read_bytes() for file in (site / "posts").iterdir()}
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
    with page.expect_navigation():
        page.keyboard.press("a")
    with page.expect_navigation():
        page.keyboard.press("w")
    tab_to(page, "form.choice button.main")
    page.keyboard.press("Enter")
    page.wait_for_selector("form[action^='/runs/'] button")
    assert sum(file.read_bytes() != before[file.name] for file in (site / "posts").iterdir()) == 1
    tab_to(page, "form[action^='/runs/'] button")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-key=b]")
    assert {file.name: file.read_bytes() for file in (site / "posts").iterdir()} == before
    assert decided(site) == [Decision.ACCEPT]


def test_nothing_of_a_hostile_post_acts(server: Server, page: Page) -> None:
    page.goto(server.url)
    page.wait_for_selector("text=evil.md")
    page.click("text=evil.md")
    page.wait_for_selector("#pane-rendered")
    assert "window.hurt = 1" in page.inner_text("main")
    assert page.evaluate("window.hurt") is None
    assert page.locator("main img, main script, main textarea, main a[href^='javascript:']").count() == 0
    page.click("#tab-diff")
    assert "</textarea>" in page.inner_text("#pane-diff")
    assert page.evaluate("window.hurt") is None


def test_a_file_may_be_called_as_it_likes(site: Path, page: Page) -> None:
    names = ["\"quoted'.md", "<b onclick=alert(1)>.md", "a & b?c#d%41.md", "\u202egnp.md", "-rf.md", "{{ 7 * 7 }}.md"]
    for file in (site / "posts").iterdir():
        file.unlink()
    for name in names:
        (site / "posts" / name).write_text(RERUN.replace("🐟", "\u202e"), "utf-8")
    shown = sorted(name.replace("\u202e", "⟨U+202E⟩") for name in names)
    with serving(Desk(["posts"], Config(), jobs=1)) as served:
        page.goto(served.url)
        page.wait_for_selector("[data-key=b]")
        assert sorted(page.locator("ol.posts .name b").all_inner_texts()) == shown
        seen = []
        for number in range(len(names)):
            page.goto(f"{served.url.partition('?')[0]}posts/{number}")
            seen.append(page.inner_text(".crumb b"))
            # What turns the direction of a text would show another post than there is.
            assert "⟨U+202E⟩" in page.inner_text(".goes .body")
            assert "\u202e" not in page.content()
        assert sorted(seen) == shown
        page.click("button[data-key=a]")
        page.goto(served.url.partition("?")[0] + "apply")
        page.click("form.choice button >> nth=0")
        page.wait_for_selector("form[action^='/runs/'] button")
    assert [(site / "posts" / name).read_text("utf-8").count(BOAT) for name in names] == [1] * len(names)


def test_no_link_leads_out_of_the_posts(site: Path) -> None:
    secret = site / "secret.txt"
    secret.write_text(RERUN, "utf-8")
    (site / "posts" / "linked.md").symlink_to(secret)
    desk, review = opened()
    assert all(post.path != "posts/linked.md" for post in review.posts)
    number = number_of(review, "rerun.md")
    (site / "posts" / "rerun.md").unlink()
    (site / "posts" / "rerun.md").symlink_to(secret)
    review.decide_all(review.items[number][0].kind, Decision.ACCEPT)
    assert desk.apply([number]).changed == 0
    assert "has become a link" in str(review.posts[number].error)
    assert secret.read_text("utf-8") == RERUN


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


def test_a_post_that_changed_before_it_was_applied_is_only_looked_at_again(site: Path) -> None:
    desk, review = opened()
    numbers = [number_of(review, name) for name in ("rerun.md", "small.md")]
    for item in (item for number in numbers for item in review.items[number]):
        review.decide(item, Decision.ACCEPT, "open")
    changed = f"{RERUN}\n新しい堤防ができた。\n"
    (site / "posts" / "rerun.md").write_text(changed, "utf-8")
    (site / "posts" / "small.md").unlink()
    applied = desk.apply(numbers)
    assert (applied.changed, len(applied.errors)) == (0, 2)
    assert (site / "posts" / "rerun.md").read_text("utf-8") == changed
    assert desk.apply([numbers[0]]).changed == 1


def test_what_was_decided_is_there_when_the_review_is_opened_again(site: Path) -> None:
    desk, review = opened()
    review.decide_all(review.items[number_of(review, "small.md")][0].kind, Decision.REJECT)
    desk.save()
    _, again = opened()
    assert again.decisions == review.decisions != {}
    assert again.counts() == review.counts()


def test_what_is_in_the_baseline_is_not_asked(site: Path) -> None:
    _, review = opened()
    known = {post.path: dict.fromkeys((finding.fingerprint for finding in post.findings), 1) for post in review.posts}
    (site / ".dedupe-baseline.json").write_text(write_baseline({"posts/small.md": known["posts/small.md"]}), "utf-8")
    (site / "posts" / "small.md").rename(site / "posts" / "renamed.md")
    desk, review = opened(Config(baseline={"posts/small.md": known["posts/small.md"]}))
    number = number_of(review, "renamed.md")
    assert review.items[number] == []
    (site / "posts" / "renamed.md").touch()
    assert desk.refresh(number)
    assert review.items[number] == []
    assert not desk.outcome(number).changed
    review.decide_all("RPT001.safe", Decision.ACCEPT)
    desk.apply(range(len(review.posts)))
    assert (site / "posts" / "renamed.md").read_text("utf-8") == SMALL
    command = [sys.executable, "-m", "dedupe", "review", "--baseline", "nowhere.json", "posts"]
    refused = subprocess.run(command, cwd=site, capture_output=True, text=True, timeout=60)
    assert (refused.returncode, "there is no baseline nowhere.json" in refused.stderr) == (2, True)


def test_while_another_process_is_at_work_nothing_is_written_and_it_is_named(site: Path) -> None:
    desk, review = opened()
    review.decide_all("RPT001.safe", Decision.ACCEPT)
    (site / ".dedupe").mkdir(exist_ok=True)
    holds = (
        "from pathlib import Path; from dedupe.lock import hold\n"
        "with hold(Path('.dedupe/lock'), 'dedupe fix --scheduled'): print(flush=True); input()"
    )
    before = {file.name: file.read_bytes() for file in (site / "posts").iterdir()}
    with subprocess.Popen([sys.executable, "-c", holds], cwd=site, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(LockError, match=rf"`dedupe fix --scheduled` \(process {other.pid}"):
            desk.apply(review.decided_posts())
        assert {file.name: file.read_bytes() for file in (site / "posts").iterdir()} == before
        other.communicate(b"\n")
    applied = desk.apply(review.decided_posts())
    assert (applied.changed > 0, applied.errors) == (True, ())


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_the_review_is_for_everyone(server: Server, browser: Browser, scheme: str, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(server.url)
    page.wait_for_selector("text=rerun.md")
    steps = {
        "text=rerun.md": "#pane-rendered",
        "#tab-diff": "#pane-diff .gone",
        "[data-opens=keys]": "dialog[open]",
        "dialog button": "button[data-key=a]",
        "button[data-key=a]": "button[data-key=a], a[data-key=b]",
        "nav a[href='/apply']": "form.choice",
        "form.choice button >> nth=0": "form[action^='/runs/']",
        "form[action^='/runs/'] button": "ol.posts",
    }
    for step, there in steps.items():
        check(page, width)
        page.click(step)
        page.wait_for_selector(there)
    page.goto(server.url.partition("?")[0] + "posts/99")
    check(page, width)
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_waiting_is_for_everyone(site: Path, browser: Browser, scheme: str) -> None:
    desk = Desk(["posts"], Config(), jobs=1)
    desk.open = lambda: None  # type: ignore[method-assign] (an examination that does not end)
    context = browser.new_context(color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    with serving(desk) as served:
        page.goto(served.url)
        page.wait_for_selector("progress")
        check(page, 1280)
        desk.error = "posts/rerun.md: cannot be read"
        page.wait_for_selector("text=cannot be read")
        check(page, 1280)
    context.close()


def check(page: Page, width: int) -> None:
    found = Axe().run(page).response["violations"]
    assert [each["id"] for each in found if each["impact"] in {"serious", "critical"}] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_progress_of_a_repair_is_its_own(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(["posts"], Config(), jobs=1)
    desk.open()
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(desk, "_count", lambda done, total: told.append((done, total)))
    numbers = range(len(desk.sources))
    assert desk.apply(numbers).changed
    assert told == [(done, len(numbers)) for done in range(len(numbers) + 1)]
