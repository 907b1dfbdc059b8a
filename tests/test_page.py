"""The report as a page: opened from disk in a real browser, with the mouse, with keys alone, and with hostile posts."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Request

from dedupe import Config, examine, fix, read_post, scan
from dedupe.language import speaking
from dedupe.page import Trend, pack_detail, write_page
from dedupe.report import PostReport, merge, report_post

WEB = Path(__file__).parents[1] / "src" / "dedupe" / "web"
CORPUS = Path(__file__).parents[1] / "corpus"
NET = "朝の港には網を繕う人がいる。🐟 指の動きは早く、目は沖を見たままだ。糸は祖父の代から同じ店で買う。"
BOAT = "船の名は港の古い言葉で朝を表す。塗り直すのは年に一度、祭りの前の晴れた日と決まっている。"
MARKET = "市場は夜明け前に開く。氷の上に並ぶ魚の目は、まだ海の色を覚えている。"
RERUN = f"{NET}\n\n{BOAT}\n\n{MARKET}\n\n\n{NET}\n\n{BOAT}\n"
EVIL = (
    f"{NET} <script>window.hurt = 1</script> <img src=x onerror='window.hurt = 2'> {BOAT}\n\n"
    f"{MARKET} [link](javascript:window.hurt=3) </script><script>window.hurt = 4</script> {BOAT[:-1]}と思う。\n"
)

TREND = [Trend("2025-01-01T00-00-00Z", 0.4, 900), Trend("2025-02-01T00-00-00Z", 0.1, 80)]
ON_THE_ARC = """arc => {
    const point = arc.getPointAtLength(arc.getTotalLength() / 2).matrixTransform(arc.getScreenCTM());
    return [point.x, point.y];
}"""


def told(name: str, text: str, config: Config | None = None) -> PostReport:
    report = report_post(examine(read_post(name, text), config or Config()))
    return replace(report, detail=pack_detail(report, text))


@pytest.fixture
def site(tmp_path: Path) -> str:
    """The page of three posts, one of them hostile, as a file."""
    posts = [told("rerun.md", RERUN), told("clean.md", f"{NET}\n"), told("</script><b>evil.md", f"{EVIL}\n\n{EVIL}")]
    assert posts[2].changed
    (tmp_path / "report.html").write_text(write_page(merge(posts, ["lost.md: <i>not</i> UTF-8"]), trend=TREND), "utf-8")
    return (tmp_path / "report.html").as_uri()


def test_a_corpus_without_findings_says_so(tmp_path: Path, page: Page) -> None:
    (tmp_path / "report.html").write_text(write_page(merge([told("clean.md", f"{NET}\n")], [])), "utf-8")
    page.goto((tmp_path / "report.html").as_uri())
    assert "Nothing was found" in page.inner_text("main")


def test_nothing_of_a_post_acts_and_nobody_is_asked(site: str, page: Page) -> None:
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))  # noqa: PLW0108 (a built-in method takes no attributes)
    page.goto(site)
    page.click("text=evil.md")
    page.wait_for_selector("svg.strip")
    page.click("ol.findings button")
    assert "window.hurt = 1" in page.inner_text("ol.findings")
    assert page.evaluate("window.hurt") is None
    assert page.locator("main img, main script, main b, main i").count() == 0
    assert [request.url for request in asked] == [site]


def test_the_overview_leads_to_a_post_and_back(site: str, page: Page) -> None:
    page.goto(site)
    assert "2 of 3 posts have findings" in page.inner_text("main")
    assert "lost.md: <i>not</i> UTF-8" in page.inner_text("main")
    assert page.locator("tbody a").count() == 2
    page.click("th button:has-text('Post')")
    assert page.locator("tbody a").first.inner_text() == "</script><b>evil.md"
    page.click("text=rerun.md")
    page.wait_for_selector("svg.strip")
    assert page.inner_text("h1") == "rerun.md"
    page.click("text=All posts")
    page.wait_for_selector("dl.figures")


@pytest.fixture
def across(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The page of two twins and a third post, which end alike as two more do: all but the oldest have findings of their own."""
    monkeypatch.chdir(tmp_path)
    bodies = [f"{NET}\n\n{BOAT}\n\n{MARKET}"] * 2 + [f"{thing}は青い。" for thing in "糸氷空海網船"]
    for number, body in enumerate(bodies, 1):
        call = "ご相談は<b>港</b>の窓口までお寄せください。係の者が折り返しご連絡し、船の手配までいたします。"
        (tmp_path / f"2025-01-0{number}-post.md").write_text(f"{body}\n\n{call}\n", "utf-8")
    (tmp_path / "report.html").write_text(write_page(scan(["."], page=True)), "utf-8")
    return (tmp_path / "report.html").as_uri()


def test_the_overview_shows_twins_and_templates(across: str, page: Page) -> None:
    page.goto(across)
    twins, templates = (page.locator(f"section:has(> h2:text-is('{title}'))") for title in ("Twin posts", "Templates"))
    assert twins.locator("td").all_inner_texts() == ["2025-01-02-post.md", "2025-01-01-post.md", "100%"]
    text, first, count = templates.locator("td").all_inner_texts()
    assert (text[:8], first, count) == ("ご相談は<b>港", "2025-01-01-post.md", "8")
    assert page.locator("dl.figures dd").last.inner_text() == "1"  # The twin waits for a person; the template is wanted.
    assert page.locator("main b").count() == 0


def test_a_finding_leads_to_the_other_post(across: str, page: Page) -> None:
    page.goto(across)
    page.locator("tbody a", has_text="2025-01-02-post.md").first.click()
    other = page.wait_for_selector("ol.findings a")
    assert other is not None
    assert other.inner_text() == "2025-01-01-post.md"
    other.click()
    page.locator("h1", has_text="2025-01-01-post.md").wait_for()
    # Of the other posts the report shows nothing else, so their names are no links.
    page.wait_for_selector("ol.findings a")
    assert page.locator("ol.findings a").all_inner_texts() == ["2025-01-02-post.md"]
    assert "See 2025-01-02-post.md line 7 · 2025-01-03-post.md line 3" in page.inner_text("ol.findings")


def test_an_arc_shows_both_texts_to_the_mouse_and_to_the_keyboard(site: str, page: Page) -> None:
    page.goto(site)
    page.click("text=rerun.md")
    page.wait_for_selector("g.pair")
    page.evaluate("document.getElementById('pair').replaceChildren()")
    page.mouse.move(*page.locator("g.pair .arc").first.evaluate(ON_THE_ARC))
    assert page.locator("#pair .text").count() == 2
    texts = page.locator("#pair .text").all_inner_texts()
    assert texts[0].replace("\n", "") == texts[1].replace("\n", "") == f"{NET}{BOAT}"
    page.evaluate("document.getElementById('pair').replaceChildren()")
    page.locator("g.pair").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("#pair .text").count() == 2
    assert page.evaluate("document.activeElement.id") == "pair"


def test_keys_alone_reach_a_post_and_its_texts(site: str, page: Page) -> None:
    page.goto(site)
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "rerun.md":
            break
    page.keyboard.press("Enter")
    page.wait_for_selector("ol.findings button")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('ol.findings') !== null"):
            break
    page.keyboard.press("Enter")
    assert page.locator("ol.findings .text").count() == 2


def test_what_goes_is_marked_and_all_else_stays(site: str, page: Page) -> None:
    page.goto(site)
    page.click("text=rerun.md")
    page.wait_for_selector("div.after del")
    gone = "".join(page.locator("div.after del").all_inner_texts())
    assert gone.replace("\n", "") == f"{NET}{BOAT}"


def test_the_dot_plot_counts_what_stands_again(site: str, page: Page) -> None:
    page.goto(site)
    page.click("text=rerun.md")
    canvas = page.wait_for_selector("div.square canvas")
    assert canvas is not None
    assert canvas.get_attribute("aria-label") == "1 passages of 12 characters or more stand again."
    drawn = "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(value => value)"
    # Not wait_for_function: it asks again by eval, which the page forbids.
    for _ in range(250):
        if canvas.evaluate(drawn):
            return
        page.wait_for_timeout(20)
    pytest.fail("nothing was drawn in five seconds")


def test_differing_words_are_marked(tmp_path: Path, page: Page) -> None:
    other = NET.replace("早く", "速く")
    post = told("near.md", f"{NET}\n\n{BOAT}\n\n{MARKET}\n\n\n{other}\n\n{BOAT}\n", Config(unsafe_fixes=True))
    (tmp_path / "report.html").write_text(write_page(merge([post], [])), "utf-8")
    page.goto((tmp_path / "report.html").as_uri() + "#post-0")
    page.wait_for_selector("#pair mark")
    assert page.locator("#pair mark").all_inner_texts() == ["早", "速"] or page.locator("#pair mark").all_inner_texts() == [
        "速",
        "早",
    ]


def test_the_trend_is_drawn_once_there_are_two_runs(tmp_path: Path, page: Page) -> None:
    file = tmp_path / "report.html"
    for count, drawn in ((1, 0), (2, 1)):
        file.write_text(write_page(merge([told("rerun.md", RERUN)], []), trend=TREND[:count]), "utf-8")
        page.goto(file.as_uri())
        page.wait_for_selector("dl.figures")
        label = "The share that was repeated before each of 2 runs, from 40% to 10%."
        assert page.locator(f'canvas[aria-label="{label}"]').count() == drawn


def test_a_history_that_cannot_be_read_costs_no_report(tmp_path: Path) -> None:
    (tmp_path / ".dedupe").mkdir()
    (tmp_path / ".dedupe" / "history.jsonl").write_text("torn\n", "utf-8")
    (tmp_path / "a.md").write_text(RERUN, "utf-8")
    report = fix([tmp_path / "a.md"], home=tmp_path, reports=tmp_path / "reports")
    assert '"trend":[]' in (tmp_path / "reports" / str(report.run) / "report.html").read_text("utf-8")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_the_page_is_for_everyone(site: str, browser: Browser, scheme: str, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    for place in ("", "#post-0", "#post-1"):
        page.goto("about:blank")
        page.goto(site + place)
        page.wait_for_selector("svg.strip" if place else "dl.figures")
        found = Axe().run(page).response["violations"]
        assert [each["id"] for each in found if each["impact"] in {"serious", "critical"}] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


def test_the_page_speaks_the_language_of_its_run_and_the_other_one_when_asked(tmp_path: Path, page: Page) -> None:
    unread, shown = "lost.md: left as it was, for rerun.md could not be written", "li:has-text('lost.md')"
    with speaking("ja"):
        (tmp_path / "report.html").write_text(
            write_page(merge([told("rerun.md", RERUN)], [f"{unread}; left as it was"])), "utf-8"
        )
    site = (tmp_path / "report.html").as_uri()
    page.goto(site)
    assert page.inner_text("h1") == "重複しているところ"
    assert page.get_attribute("html", "lang") == "ja"
    assert page.inner_text(shown).startswith("lost.md: 元のままにしました")
    page.goto(f"{site}#post-0")
    page.wait_for_selector("ol.findings")
    assert "すでに記事にある文章(記事の末尾にある、記事を最初からやり直している" in page.inner_text("ol.findings")
    page.click("#language")
    page.wait_for_selector("ol.findings li:has-text('a passage that stands in the post already')")
    page.goto(site)
    page.click("#language")
    assert page.inner_text("h1") == "What stands twice"
    assert page.inner_text(shown) == f"{unread}; left as it was"


def test_a_page_in_a_language_it_does_not_know_is_english(page: Page, tmp_path: Path) -> None:
    with speaking("eo"):
        (tmp_path / "report.html").write_text(write_page(merge([told("rerun.md", RERUN)], [])), "utf-8")
    page.goto((tmp_path / "report.html").as_uri())
    assert page.get_attribute("html", "lang") == "en"
    assert page.inner_text("h1") == "What stands twice"


def test_both_languages_say_the_same_things() -> None:
    words = json.loads((WEB / "words.json").read_text("utf-8"))
    script = (WEB / "report.js").read_text("utf-8") + (WEB / "report.html").read_text("utf-8")
    assert words["en"].keys() == words["ja"].keys()
    for key, english in words["en"].items():
        assert sorted(_holes(english)) == sorted(_holes(words["ja"][key])), key
        assert f"'{key}'" in script or f'"{key}"' in script or key in {"new", "copy", "rewrite", "safe", "unsafe", "display"}, key


def _holes(sentence: str) -> list[str]:
    return re.findall(r"\{\w+\}", sentence)


def test_a_run_writes_its_page_and_keeps_nothing_of_clean_posts(tmp_path: Path) -> None:
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts" / "a.md").write_text(RERUN, "utf-8")
    (tmp_path / "posts" / "b.md").write_text(MARKET, "utf-8")
    report = fix([tmp_path / "posts"], home=tmp_path, reports=tmp_path / "reports")
    text = (tmp_path / "reports" / str(report.run) / "report.html").read_text("utf-8")
    assert '"done":true' in text
    assert MARKET not in text
    assert [bool(post.detail) for post in report.posts] == [True, False]
    assert "detail" not in (tmp_path / "reports" / str(report.run) / "report.json").read_text("utf-8")
