"""What is told across posts, and what is not."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import dedupe.run
from dedupe import Config, Report, fix, scan
from dedupe.baseline import follow
from dedupe.corpus import Choice
from dedupe.decisions import Decision
from dedupe.errors import WriteError
from dedupe.files import undo
from dedupe.index import Index
from dedupe.run import count_findings

BREAD = (
    "Knead it for ten minutes, then wait. Under a damp cloth it will double by noon, and by one it is in the oven.\n\n"
    "Whoever cannot wait that long should bake a flat bread, which needs no more than a hot stone, a little salt, and "
    "somebody who turns it over in time.\n"
)
HARBOUR = (
    "港は朝の六時に開き、最初の船は霧の晴れるのを待ってから出ていきます。冬のあいだは一日に二便しかありません。\n\n"
    "桟橋の手前にある小さな食堂では、船を待つ人たちが熱い味噌汁を飲みながら、昨日の漁の話をしています。\n"
)
NOTE = (
    "The ferry leaves the northern pier at nine, and whoever has a bicycle pays for it at the counter, "
    "where there is no change to be had and nobody minds waiting.\n"
)
ENDED = "---END---\n"
CALL = "We help bakeries find their flour. [Write to us](/contact/).\n"
FILLERS = [
    "An old lighthouse keeper writes down every ship that passes.",
    "Mushrooms should never be washed long before they are cooked.",
    "Whether trains run on Sundays depends upon the mountain snow.",
    "Glass was once blown in this valley, and sand is all it left.",
    "Our choir rehearses above a bakery, which explains the crumbs.",
    "Bicycles without brakes belong on a track and nowhere else.",
    "He painted forty doors blue before anybody asked him why.",
    "Frost comes early here; pick your quinces by mid October.",
    "No map shows that path, yet every goat in town knows it.",
]


Write = Callable[[str, str], None]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    monkeypatch.chdir(tmp_path)

    def write_post(name: str, text: str) -> None:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(text.encode("utf-8"))

    return write_post


def codes(report: Report) -> list[tuple[str, str]]:
    return [(post.path, finding.code) for post in report.posts for finding in post.findings]


@pytest.mark.parametrize("body", [BREAD, HARBOUR])
def test_twins_are_told_at_the_younger_post(write: Write, body: str) -> None:
    write("a.md", f"---\ntitle: A loaf\ndate: 2025-03-08\n---\n{body}")
    write("b.md", f"---\ntitle: Bread\ndate: 2025-03-01\n---\n{body}")
    report = scan(["."])
    assert codes(report) == [("a.md", "POST001")]
    (finding,) = report.findings
    assert [other.path for other in finding.elsewhere] == ["b.md"]
    assert finding.similarity == 1
    assert not finding.edits


def test_a_slip_makes_no_other_post_and_a_number_makes_a_series(write: Write) -> None:
    write("2025-01-01-a.md", BREAD)
    write("2025-01-02-b.md", BREAD.replace("Knead", "Kneed"))
    write("2025-01-03-c.md", HARBOUR)
    write("2025-01-04-d.md", HARBOUR.replace("六時", "七時"))
    told = {post.path: finding.message for post in scan(["."]).posts for finding in post.findings}
    assert set(told) == {"2025-01-02-b.md", "2025-01-04-d.md"}
    assert "series" not in told["2025-01-02-b.md"]
    assert "as in a series: their numbers differ" in told["2025-01-04-d.md"]


@pytest.mark.parametrize("value", ["canonical_url: /a/", "redirect_to: /a/", "draft: true", "published: false"])
def test_a_post_that_says_it_does_not_count_is_no_twin(write: Write, value: str) -> None:
    write("a.md", BREAD)
    write("b.md", f"---\n{value}\n---\n{BREAD}")
    assert codes(scan(["."])) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Soon.\n", "Soon.\n"),
        (f"```\n{BREAD}```\n", f"```\n{BREAD}```\n"),
        ("- [One](/1/)\n- [Two](/2/)\n- [Three](/3/)\n", "- [One](/1/)\n- [Two](/2/)\n- [Three](/3/)\n"),
        (f"[one]: https://a.example/{'x' * 200}\n", f"[one]: https://a.example/{'x' * 200}\n"),
        ("Short sentences are the same in many posts.\n", "Short sentences are the same in many posts.\n"),
        (f"{FILLERS[0]}\n\n{NOTE}", f"{FILLERS[1]}\n\n{NOTE.replace('nine', '10')}"),
    ],
)
def test_what_people_say_twice_on_purpose_is_not_told(write: Write, one: str, other: str) -> None:
    write("a.md", f"# One\n\n{one}")
    write("b.md", f"# Two\n\n{other}")
    assert codes(scan(["."])) == []


def test_a_shared_passage_is_told_once_however_many_paragraphs_it_has(write: Write) -> None:
    write("a.md", "\n\n".join([FILLERS[0], BREAD, *FILLERS[1:4]]))
    write("b.md", "\n\n".join([*FILLERS[4:8], BREAD]))
    report = scan(["."])
    assert codes(report) == [("b.md", "POST002")]
    (finding,) = report.findings
    text = Path("b.md").read_text("utf-8")
    assert text[slice(*finding.span)] + "\n" == BREAD
    (other,) = finding.elsewhere
    assert Path("a.md").read_text("utf-8")[slice(*other.span)] + "\n" == BREAD
    assert other.lines == (3, 5)


def test_a_template_is_told_once_and_is_no_damage(write: Write) -> None:
    for number, filler in enumerate(FILLERS[:6]):
        write(f"{number}.md", f"{filler}\n\n{CALL}")
    report = scan(["."])
    assert codes(report) == [("0.md", "POST003")]
    assert "in 6 posts" in report.findings[0].message
    assert len(report.findings[0].elsewhere) == 5
    assert report.wrong == []
    result = subprocess.run([sys.executable, "-m", "dedupe", "scan", "."], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "POST003 template: 1" in result.stdout


def test_two_posts_at_one_address(write: Write) -> None:
    write("_config.yml", "permalink: /:title/\n")
    write("_posts/2025-03-01-harbour.md", FILLERS[0])
    write("_posts/2025-03-02-harbour.md", FILLERS[1])
    write("_posts/2025-03-03-pier.md", f"---\npermalink: /harbour/index.html\n---\n{FILLERS[2]}")
    write("other/_posts/2025-03-01-harbour.md", f"---\npublished: false\n---\n{FILLERS[3]}")
    report = scan(["."])
    assert codes(report) == [("_posts/2025-03-02-harbour.md", "POST004"), ("_posts/2025-03-03-pier.md", "POST004")]
    assert [finding.excerpt for finding in report.findings][1] == "permalink: /harbour/index.html"
    write("_config.yml", "permalink: pretty\n")
    assert codes(scan(["."])) == []


def test_what_settings_of_a_site_give_to_posts_counts_for_their_addresses(write: Write, tmp_path: Path) -> None:
    settings = "collections: {recipes: {output: true, permalink: '/:title/'}}\ndefaults:\n- scope: {path: '', type: posts}\n"
    write("_config.yml", f"{settings}  values: {{permalink: '/:title/'}}\n")
    write("_posts/2025-03-01-pie.md", f"---\ntitle: One\n...\n{FILLERS[0]}")
    write("_recipes/pie.md", f"---\ntitle: Two\n---\n{FILLERS[1]}")
    write("_notes/pie.md", f"---\nslug: pie\n---\n{FILLERS[2]}")
    assert codes(scan(["."])) == [("_recipes/pie.md", "POST004")]
    write("_config.yml", f"{settings}  values: {{published: false}}\n")
    assert codes(scan(["."])) == []
    for name in ("_posts/2025-03-01-pie.md", "_recipes/pie.md"):
        write(name, f"---\ntitle: One\n...\n{BREAD}")
    assert codes(scan(["."])) == []
    write("_config.yml", settings.partition("defaults")[0])
    fix(["."], ONLY_TWINS, home=tmp_path)
    assert contents(tmp_path)["_recipes/pie.md"] == f'---\ntitle: One\ncanonical_url: "/2025/03/01/pie.html"\n...\n{BREAD}'


@pytest.mark.parametrize(
    "head",
    [
        'title: "I\'m sorry, but I cannot assist with that request."',
        "description: 申し訳ありませんが、その記事の情報を見つけることができませんでした",
        "excerpt: Certainly! Here is a blog post about bread",
    ],
)
def test_a_leak_in_the_front_matter(write: Write, head: str) -> None:
    write("a.md", f"---\ndate: 2025-01-01\n{head}\n---\n{BREAD}")
    report = scan(["."])
    assert codes(report) == [("a.md", "POST005")]
    assert report.findings[0].lines == (3, 3)


def test_a_leaked_title_in_the_links_of_other_posts(write: Write) -> None:
    write("_posts/2025-01-01-a.md", "---\ntitle: As an AI language model, I cannot write this title\n---\nWords.\n")
    write("_posts/2025-01-02-b.md", "Read [As an AI language …](/2025/01/01/a.html) too.\n")
    write("_posts/2025-01-03-c.md", "Read [the first one](/2025/01/01/a.html) or [I am unable to access](/lost/).\n")
    assert codes(scan(["."])) == [(f"_posts/2025-01-0{number}-{name}.md", "POST005") for number, name in enumerate("abc", 1)]


def collection(write: Write) -> None:
    """Write posts about which each of the rules has something to say."""
    write("2025-01-01-a.md", f"{BREAD}\n{CALL}")
    write("2025-01-02-b.md", f"---\npermalink: /b/\n---\n{BREAD}\n{CALL}")
    write("2025-01-03-c.md", f"{FILLERS[0]}\n\n{NOTE}\n{CALL}")
    write(
        "2025-01-04-d.md",
        f"---\npermalink: /b/\ntitle: As an AI language model, I cannot write\n---\n{FILLERS[1]}\n\n{NOTE}\n{CALL}",
    )
    write("2025-01-05-e.md", f"{FILLERS[2]}\n\n{CALL}")


def test_the_same_for_any_order_and_number_of_workers(write: Write) -> None:
    collection(write)
    for number, filler in enumerate(FILLERS * 4):
        write(f"more/{number}.md", f"{filler}\n\n{NOTE if number % 20 == 7 else CALL}")
    expected = scan(["."], jobs=1)
    assert {finding.code for finding in expected.findings} == {f"POST00{number}" for number in range(1, 6)}
    names = [post.path for post in expected.posts]
    random.Random(1).shuffle(names)
    assert scan(names, jobs=2) == expected


def test_select_ignore_decisions_and_suppressions(write: Write) -> None:
    collection(write)
    every = scan(["."])
    assert codes(scan(["."], Config(ignore=("POST",)))) == []
    assert {code for _, code in codes(scan(["."], Config(select=("POST004",))))} == {"POST004"}
    rejected = {finding.fingerprint: Decision.REJECT for finding in every.findings if finding.code != "POST003"}
    assert {code for _, code in codes(scan(["."], Config(decisions=rejected)))} == {"POST003"}
    write("2025-01-02-b.md", f"---\npermalink: /b/\ndedupe: false\n---\n{BREAD}\n{CALL}")
    assert "POST001" not in {code for _, code in codes(scan(["."]))}
    assert "SUP001" not in {code for _, code in codes(scan(["."]))}
    write("2025-01-02-b.md", f"---\npermalink: /b/\ndedupe: {{ignore: [POST001]}}\n---\n{BREAD}\n{CALL}")
    assert {"POST001", "SUP001"}.isdisjoint(code for _, code in codes(scan(["."])))


def test_a_copy_of_a_baselined_passage_in_a_new_post_is_new(write: Write) -> None:
    collection(write)
    baseline = count_findings(scan(["."]))
    known = scan(["."], Config(baseline=baseline))
    assert known.findings == []
    assert sum(post.baselined for post in known.posts) == 5
    write("2025-01-06-f.md", f"{FILLERS[3]}\n\n{NOTE}")
    assert codes(scan(["."], Config(baseline=baseline))) == [("2025-01-06-f.md", "POST002")]
    assert follow(baseline, [], []) == baseline


def test_changed_posts_are_compared_with_all_others(write: Write, tmp_path: Path) -> None:
    collection(write)
    changed = Choice(frozenset({tmp_path / "2025-01-04-d.md"}))
    expected = {("2025-01-04-d.md", "POST002"), ("2025-01-04-d.md", "POST004"), ("2025-01-04-d.md", "POST005")}
    assert set(codes(scan(["."], choice=changed))) == expected
    older = Choice(frozenset({tmp_path / "2025-01-03-c.md"}))
    assert codes(scan(["."], choice=older)) == [("2025-01-04-d.md", "POST002")]


def test_fix_tells_them_and_removes_nothing(write: Write, tmp_path: Path) -> None:
    collection(write)
    write("2025-01-03-c.md", f"{FILLERS[0]}\n\n{NOTE}\n{CALL}\n---END---\n")
    before = {file.name: file.read_bytes() for file in tmp_path.glob("*.md")}
    told = [each for each in codes(scan(["."])) if each[1].startswith("POST")]
    report = fix(["."], home=tmp_path)
    assert [each for each in codes(report) if each[1].startswith("POST")] == told
    after = {file.name: file.read_bytes() for file in tmp_path.glob("*.md")}
    assert [name for name in before if before[name] != after[name]] == ["2025-01-03-c.md"]


def test_what_was_compared_is_not_compared_again(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dedupe.index._TICK", 0)
    collection(write)

    def index() -> Index:
        return Index(tmp_path / ".dedupe" / "cache", Config(), "a test", pytest.fail)

    expected = scan(["."], index=index())
    compared: list[int] = []
    measure = __import__("dedupe.alike", fromlist=["_measure"])._measure
    monkeypatch.setattr(
        "dedupe.alike._measure", lambda texts, pairs, least: compared.append(len(pairs)) or measure(texts, pairs, least)
    )
    with monkeypatch.context() as patch:
        patch.setattr("dedupe.across.compare", pytest.fail)
        assert scan(["."], index=index()) == expected
    write("2025-01-05-e.md", f"{FILLERS[2]}\n\n{NOTE}\n{CALL}")
    changed = scan(["."], index=index())
    assert ("2025-01-05-e.md", "POST002") in codes(changed)
    write("2025-01-05-e.md", f"{FILLERS[2]}\n\n{NOTE.replace('whoever', 'who ever')[:-2]}!\n\n{CALL}")
    compared.clear()
    changed = scan(["."], index=index())
    assert ("2025-01-05-e.md", "POST002") in codes(changed)
    new = sum(compared)
    compared.clear()
    assert scan(["."]) == changed
    assert 0 < new < sum(compared)


def test_settings_of_the_site_decide_anew(write: Write, tmp_path: Path) -> None:
    write("_config.yml", "permalink: /:title/\n")
    write("_posts/2025-03-01-harbour.md", FILLERS[0])
    write("_posts/2025-03-02-harbour.md", FILLERS[1])
    index = Index(tmp_path / ".dedupe" / "cache", Config(), "a test", pytest.fail)
    assert codes(scan(["."], index=index)) == [("_posts/2025-03-02-harbour.md", "POST004")]
    write("_config.yml", "permalink: pretty\n")
    index = Index(tmp_path / ".dedupe" / "cache", Config(), "a test", pytest.fail)
    assert codes(scan(["."], index=index)) == []


def test_json_is_as_the_schema_says(write: Write) -> None:
    import json
    from importlib.resources import files

    import jsonschema

    from dedupe.report import to_json

    collection(write)
    schema = json.loads(files("dedupe").joinpath("schema.json").read_text("utf-8"))
    jsonschema.validate(json.loads(json.dumps(to_json(scan(["."])))), schema)


def test_unsafe_fixes_do_not_hide_what_is_across(write: Write) -> None:
    collection(write)
    assert codes(scan(["."], replace(Config(), unsafe_fixes=True))) == codes(scan(["."]))


JEKYLL = "plugins:\n  - jekyll-redirect-from\n"
ONLY_TWINS = Config(select=("POST001",), unsafe_fixes=True)


def contents(folder: Path) -> dict[str, str]:
    return {file.relative_to(folder).as_posix(): file.read_bytes().decode("utf-8") for file in sorted(folder.rglob("*.md"))}


@pytest.mark.parametrize(
    ("files", "keeper", "twin"),
    [
        (
            {"_config.yml": JEKYLL, "_posts/2025-01-01-a.md": "", "_posts/2025-01-02-b.md": ""},
            'redirect_from:\n  - "/2025/01/02/b.html"\n',
            "published: false\n",
        ),
        (
            {"_config.yml": "", "_posts/2025-01-01-a.md": "", "_posts/2025-01-02-b.md": ""},
            "",
            'canonical_url: "/2025/01/01/a.html"\n',
        ),
        ({"hugo.toml": "title = 'x'", "content/a.md": "", "content/b.md": ""}, 'aliases:\n  - "/b/"\n', "draft: true\n"),
        ({"hugo.toml": "[permalinks]", "content/a.md": "", "content/b.md": ""}, "", 'canonical_url: "/a/"\n'),
        ({"a.md": "permalink: /one/\n", "b.md": ""}, "", 'canonical_url: "/one/"\n'),
    ],
)
def test_a_twin_steps_back_as_its_generator_has_it(
    write: Write, tmp_path: Path, files: dict[str, str], keeper: str, twin: str
) -> None:
    for name, text in files.items():
        write(name, f"---\r\ntitle: Bread\r\n{text}---\r\n{BREAD}\n{ENDED}" if name.endswith(".md") else text)
    before, reports = contents(tmp_path), tmp_path.with_name(f"{tmp_path.name}-reports")
    names = sorted(before)
    told = scan(["."], replace(ONLY_TWINS, unsafe_fixes=False))
    assert not any(finding.edits for finding in told.findings)
    fix(["."], replace(ONLY_TWINS, unsafe_fixes=False), home=tmp_path)
    assert contents(tmp_path) == before
    dry = fix(["."], ONLY_TWINS, home=tmp_path, dry_run=True, reports=reports)
    assert contents(tmp_path) == before
    report = fix(["."], ONLY_TWINS, home=tmp_path)
    assert [post.findings for post in report.posts] == [post.findings for post in dry.posts]
    after = contents(tmp_path)
    for name, said in zip(names, (keeper, twin), strict=True):
        closing = f"---\r\n{BREAD}"
        head, body = before[name].split(closing)
        assert after[name] == f"{head}{said.replace(chr(10), chr(13) + chr(10))}{closing}{body}"
    patch = (reports / str(dry.run) / "changes.diff").read_bytes()
    assert [finding for finding in fix(["."], ONLY_TWINS, home=tmp_path).findings if finding.edits] == []
    assert contents(tmp_path) == after
    undo(tmp_path)
    assert contents(tmp_path) == before
    subprocess.run(["git", "apply", "--unsafe-paths", "-"], input=patch, cwd=tmp_path, check=True)
    assert contents(tmp_path) == after


def test_front_matter_and_body_are_repaired_together(write: Write, tmp_path: Path) -> None:
    write("a.md", f"---\npermalink: /one/\n---\n{BREAD}\n{ENDED}")
    write("b.md", f"---\ntitle: Two\n---\n{BREAD}\n{ENDED}")
    fix(["."], Config(unsafe_fixes=True), home=tmp_path)
    after = contents(tmp_path)
    assert after["a.md"] == f"---\npermalink: /one/\n---\n{BREAD}"
    assert after["b.md"] == f'---\ntitle: Two\ncanonical_url: "/one/"\n---\n{BREAD}'
    undo(tmp_path)
    assert ENDED in contents(tmp_path)["a.md"]


def hugo(write: Write) -> None:
    write("hugo.toml", "title = 'x'\n")
    write("content/a.md", f"---\ntitle: One\n---\n{BREAD}")
    write("content/b.md", f"---\ntitle: Two\n---\n{BREAD}")


@pytest.mark.parametrize("name", ["content/a.md", "content/b.md"])
def test_no_twin_steps_back_alone(write: Write, tmp_path: Path, name: str) -> None:
    hugo(write)
    Path(name).write_text(Path(name).read_text().replace("title", "dedupe: false\ntitle"))
    before = contents(tmp_path)
    fix(["."], ONLY_TWINS, home=tmp_path)
    assert contents(tmp_path) == before


def test_a_series_and_a_rejected_twin_stay(write: Write, tmp_path: Path) -> None:
    hugo(write)
    write("content/c.md", f"---\ntitle: Three\n---\n{BREAD.replace('ten minutes', '11 minutes')}")
    twin = next(finding for post in scan(["."]).posts if post.path == "content/b.md" for finding in post.findings)
    before = contents(tmp_path)
    fix(["."], replace(ONLY_TWINS, decisions={twin.fingerprint: Decision.REJECT}), home=tmp_path)
    assert contents(tmp_path) == before
    fix(["."], ONLY_TWINS, home=tmp_path)
    assert contents(tmp_path)["content/c.md"] == before["content/c.md"]
    assert contents(tmp_path)["content/b.md"] != before["content/b.md"]


def test_where_the_post_that_stays_cannot_be_written_the_twin_stays_too(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hugo(write)
    before = contents(tmp_path)
    write_file = dedupe.run.write_atomic

    def refuse(path: Path, raw: bytes, expected: str | None = None) -> None:
        if path.name == "a.md":
            raise WriteError("a.md: is read-only; left as it was")
        write_file(path, raw, expected)

    monkeypatch.setattr("dedupe.run.write_atomic", refuse)
    report = fix(["."], ONLY_TWINS, home=tmp_path)
    assert contents(tmp_path) == before
    assert len(report.errors) == 2
