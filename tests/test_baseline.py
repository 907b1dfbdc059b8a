"""What is in the baseline is told no more; what is new is, and a copy of something known in another post is new."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dedupe import Config, examine, read_post
from dedupe.baseline import follow, read_baseline, update_baseline, write_baseline
from dedupe.cli import app
from dedupe.errors import ConfigError

CASES = Path(__file__).parent / "cases"
A, B = "0" * 15 + "a", "0" * 15 + "b"
DRAFT = "朝の港には網を繕う人がいる。指の動きは早く、目は沖を見たままだ。糸は祖父の代から同じ店で買う。\n"
OTHER = "夕方になると市場の灯がともる。魚を運ぶ車は坂の下で列を作り、猫はその脇で待っている。\n"
POST = DRAFT + "\n---END---\n\n" + DRAFT


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--quiet"])


@pytest.fixture
def posts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts" / "港の朝.md").write_text(POST, "utf-8")
    (tmp_path / "posts" / "b.md").write_text(OTHER, "utf-8")
    return tmp_path / "posts"


def test_a_file_reads_as_it_was_written_line_by_line() -> None:
    baseline = {"b.md": {B: 2, A: 1}, "posts/港 の.md": {A: 3}}
    text = write_baseline(baseline)
    assert read_baseline(text, "f") == baseline
    inside = text.splitlines()[1:-2]
    assert inside == sorted(inside)
    assert all(line.endswith(",") for line in inside)
    # Two branches that each add a line give a file with both.
    twice = "\n".join(["{", *inside, *inside, *text.splitlines()[-2:]])
    assert read_baseline(twice, "f") == baseline


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<<<<<<< HEAD", "line 1 is not JSON"),
        ("[]", "no baseline of version 1"),
        ("3", "no baseline of version 1"),
        ("[" * 100_000, "no baseline of version 1"),
        (f'{{"{A} a.md": 1{"0" * 5000}, "version": 1}}', "no baseline of version 1"),
        ('{"version": 2}', "no baseline of version 1"),
        ('{"x a.md": 1, "version": 1}', "must be written"),
        (f'{{"{A} a.md": 0, "version": 1}}', "must be written"),
        (f'{{"{A} a.md": true, "version": 1}}', "must be written"),
    ],
)
def test_what_cannot_be_understood_is_named(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_baseline(text, "f")


def test_a_renamed_post_is_followed_and_a_copy_is_not() -> None:
    baseline = {"a.md": {A: 1}}
    assert follow(baseline, ["a.md", "copy.md"], []).get("copy.md") is None
    assert follow(baseline, ["new.md"], ["a.md"])["new.md"] == {A: 1}


def test_an_update_touches_what_was_examined_and_counts() -> None:
    old = {"a.md": {A: 2}, "b.md": {B: 1}, "gone.md": {A: 1}}
    update = update_baseline(old, {"a.md": {A: 1, B: 1}}, ["gone.md"], prune=False)
    assert (update.baseline, update.added, update.removed) == ({"a.md": {A: 1, B: 1}, "b.md": {B: 1}}, 1, 2)
    pruned = update_baseline(old, {"a.md": {A: 1, B: 1}}, ["gone.md"], prune=True)
    assert (pruned.baseline, pruned.added, pruned.removed) == ({"a.md": {A: 1}, "b.md": {B: 1}}, 0, 2)


def test_known_findings_are_counted_in_a_line_and_left_alone(posts: Path) -> None:
    assert run("scan", "posts").exit_code == 1
    assert "2 findings; 2 added, 0 removed" in run("baseline", "posts").output
    first = Path(".dedupe-baseline.json").read_bytes()
    for extra in ([], ["--no-cache"], ["--jobs", "1"]):
        found = run("scan", "posts", *extra)
        assert found.exit_code == 0
        assert "2 findings are in the baseline" in found.output
    summary = json.loads(run("scan", "posts", "--format", "json").output)["summary"]
    assert (summary["baselined"], summary["findings"], summary["removed"]) == (2, {}, 0)
    assert run("fix", "posts").exit_code == 0
    assert (posts / "港の朝.md").read_text("utf-8") == POST
    assert run("baseline", "posts").exit_code == 2
    assert run("baseline", "posts", "--update").exit_code == 0
    assert Path(".dedupe-baseline.json").read_bytes() == first


def test_lines_may_move_and_posts_be_renamed_but_a_copy_is_new(posts: Path) -> None:
    run("baseline", "posts")
    post = posts / "港の朝.md"
    post.write_text(OTHER + "\n" + POST, "utf-8")
    assert run("scan", "posts").exit_code == 0
    copy = posts / "copy.md"
    copy.write_text(POST, "utf-8")
    assert run("scan", "posts").exit_code == 1
    assert run("scan", str(copy)).exit_code == 1
    post.unlink()
    assert run("scan", "posts").exit_code == 0


def test_of_more_than_are_known_the_others_are_told(posts: Path) -> None:
    run("baseline", "posts")
    (posts / "港の朝.md").write_text(POST + "\n---END---\n\n" + OTHER, "utf-8")
    found = json.loads(run("scan", "posts", "--format", "json").output)
    assert found["summary"]["findings"] == {"LEAK004": 1}
    assert found["posts"][0]["baselined"] == 2


def test_known_text_counts_for_no_share_and_new_text_does(posts: Path) -> None:
    (posts / "港の朝.md").write_text(POST + "\n" + OTHER, "utf-8")
    run("baseline", "posts")
    assert json.loads(run("scan", "posts", "--format", "json").output)["summary"]["repeated_share"] == 0
    (posts / "b.md").write_text(OTHER + "\n---END---\n\n" + OTHER, "utf-8")
    found = json.loads(run("scan", "posts", "--format", "json").output)
    assert [post["path"] for post in found["posts"] if post["repeated_share"] > 0.3] == ["posts/b.md"]
    assert 0 < found["summary"]["repeated_share"] < 0.4


def test_prune_takes_out_what_is_no_more_and_adds_nothing(posts: Path) -> None:
    run("baseline", "posts")
    (posts / "港の朝.md").write_text(DRAFT, "utf-8")
    (posts / "b.md").write_text(OTHER + "\n---END---\n", "utf-8")
    assert "0 findings; 0 added, 2 removed" in run("baseline", "posts", "--prune").output
    assert "1 finding; 1 added, 0 removed" in run("baseline", "posts", "--update").output


@pytest.mark.parametrize("how", ["--update", "--prune"])
@pytest.mark.parametrize("rules", [("--select", "LEAK"), ("--ignore", "LEAK"), ("--select", "CUT")])
def test_what_is_known_of_other_rules_stays_known(posts: Path, how: str, rules: tuple[str, str]) -> None:
    assert run("baseline", "posts").exit_code == 0
    before = Path(".dedupe-baseline.json").read_text("utf-8")
    assert run("baseline", "posts", how, *rules).exit_code == 0
    assert Path(".dedupe-baseline.json").read_text("utf-8") == before
    (posts / "港の朝.md").write_text(DRAFT, "utf-8")
    assert run("baseline", "posts", how, *rules).exit_code == 0
    assert json.loads(Path(".dedupe-baseline.json").read_text("utf-8")) == {"version": 1}


def test_what_is_known_is_known_behind_a_link_to_its_folder(posts: Path) -> None:
    assert run("baseline", "posts").exit_code == 0
    Path("link").symlink_to(posts)
    assert run("fix", "link").exit_code == 0
    assert (posts / "港の朝.md").read_text("utf-8") == POST


def test_it_is_found_beside_the_settings_from_any_folder(posts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (posts.parent / "dedupe.toml").write_text("", "utf-8")
    run("baseline", "posts")
    assert '"posts/' not in Path("dedupe.toml").read_text()
    assert "posts/港の朝.md" in Path(".dedupe-baseline.json").read_text("utf-8")
    monkeypatch.chdir(posts)
    assert run("scan").exit_code == 0
    piped = CliRunner().invoke(app, ["scan", "-", "--stdin-filename", "港の朝.md"], input=POST.encode())
    assert piped.exit_code == 0


def test_one_that_was_named_must_be_there(posts: Path) -> None:
    assert run("scan", "posts", "--baseline", "none.json").exit_code == 2
    assert run("baseline", "posts", "--prune").exit_code == 2
    assert run("baseline", "posts", "--baseline", "known.json").exit_code == 0
    assert run("scan", "posts").exit_code == 1
    assert run("fix", "posts", "--baseline", "known.json").exit_code == 0
    assert (posts / "港の朝.md").read_text("utf-8") == POST


@pytest.mark.parametrize("case", sorted(CASES.glob("*.in.md")), ids=lambda case: case.stem)
def test_beside_a_known_finding_the_rest_is_repaired_and_stays_so(case: Path) -> None:
    post = read_post(case.name, case.read_bytes().decode("utf-8"))
    for finding in examine(post, Config()).findings:
        config = Config(baseline={case.name: {finding.fingerprint: 1}})
        outcome = examine(post, config)
        assert outcome.proof_error is None
        assert outcome.baselined == 1
        assert not examine(read_post(case.name, outcome.repaired), config).changed
