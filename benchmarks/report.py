"""Measure the page of a report: its size against the posts, and how long a browser takes to show it.

    python benchmarks/report.py [FOLDER]

FOLDER holds posts; without it the sample posts are taken. Needs chromium.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from dedupe import scan
from dedupe.page import write_page
from measure import median, seconds

ROUNDS = 5


def first_view(page: Page, url: str, shown: str) -> float:
    """Return the seconds from asking for a page to its being shown."""
    page.goto("about:blank")
    return seconds(lambda: (page.goto(url), page.wait_for_selector(shown)))


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[1] / "corpus")
    program = shutil.which("chromium")
    if program is None or not folder.is_dir():
        print(f"{'chromium is not installed' if folder.is_dir() else f'{folder} is not there'}; nothing measured")
        return
    report = scan([folder], jobs=0, page=True)
    text = write_page(report)
    damaged = [post for post in report.posts if post.findings]
    size = sum((Path.cwd() / post.path).stat().st_size for post in damaged)
    print(
        f"{len(report.posts):,} posts, {len(damaged):,} with findings, {sum(len(post.findings) for post in damaged):,} findings"
    )
    print(f"page {len(text.encode()) / 1e6:.1f} MB, {len(text.encode()) / max(1, size):.2f} of the posts with findings")
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        file = Path(name) / "report.html"
        file.write_text(text, "utf-8")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        empty = median(first_view(page, "data:text/html,<p>x", "p") for _ in range(ROUNDS))
        for what, place, shown in (("all posts", "", "dl.figures"), ("the worst post", "#post-0", "svg.strip")):
            taken = median(first_view(page, file.as_uri() + place, shown) for _ in range(ROUNDS))
            print(f"first view of {what} / of an empty page  {taken / empty:.0f}  ({taken:.2f} s)")
        browser.close()


if __name__ == "__main__":
    main()
