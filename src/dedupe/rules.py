"""The rules by code: what each is called, and how a verdict is told to a person."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

from dedupe.differ import differ
from dedupe.fingerprint import fingerprint
from dedupe.language import N_, say_again
from dedupe.model import Edit, Finding, Rewording, Span, Verdict


@dataclass(frozen=True, slots=True)
class Rule:
    """A kind of damage: its stable code and name, what one and several are called, and a line that says what it is."""

    code: str
    name: str
    one: str
    many: str
    summary: str

    def page(self, language: str = "en") -> str:
        """Return the page of the rule, in Markdown; in English where there is none in the language (`ja`)."""
        pages = files("dedupe").joinpath("pages")
        told = pages.joinpath(language, f"{self.code}.md")
        return (told if told.is_file() else pages.joinpath(f"{self.code}.md")).read_text("utf-8")


RULES: dict[str, Rule] = {
    rule.code: rule
    for rule in (
        Rule(
            "RPT001",
            "repeated-passage",
            N_("repeated passage"),
            N_("repeated passages"),
            N_("a passage that stands in the post already"),
        ),
        Rule(
            "RPT002",
            "echoed-post",
            N_("echo of the post"),
            N_("echoes of the post"),
            N_("several paragraphs again, their line breaks flattened"),
        ),
        Rule(
            "RPT003",
            "restarted-draft",
            N_("restarted draft"),
            N_("restarted drafts"),
            N_("a sentence that breaks off and its restart, down to the complete sentence"),
        ),
        Rule(
            "RPT004",
            "broken-sentence",
            N_("broken sentence"),
            N_("broken sentences"),
            N_("a sentence that goes on after a break in its middle"),
        ),
        Rule("RPT005", "continuation", N_("continuation"), N_("continuations"), N_("a draft after the first one")),
        Rule(
            "CUT001",
            "cut-off-sentence",
            N_("cut-off sentence"),
            N_("cut-off sentences"),
            N_("a sentence that breaks off and stands complete nowhere"),
        ),
        Rule("LEAK001", "prompt-echo", N_("prompt echo"), N_("prompt echoes"), N_("the instruction to the text generator")),
        Rule(
            "LEAK002",
            "assistant-preamble",
            N_("assistant preamble"),
            N_("assistant preambles"),
            N_("an assistant that answers before it writes"),
        ),
        Rule("LEAK003", "refusal", N_("refusal"), N_("refusals"), N_("an assistant that speaks of itself or declines")),
        Rule("LEAK004", "end-marker", N_("end marker"), N_("end markers"), N_("a marker that closes a generated text")),
        Rule("LEAK005", "chat-page", N_("chat-page label"), N_("chat-page labels"), N_("a button or label of a chat page")),
        Rule(
            "LEAK006",
            "citation-artefact",
            N_("citation artefact"),
            N_("citation artefacts"),
            N_("a citation mark that only a chat page resolves"),
        ),
        Rule(
            "LEAK007",
            "hidden-thought",
            N_("hidden thought"),
            N_("hidden thoughts"),
            N_("reasoning that was meant to stay hidden"),
        ),
        Rule("LEAK008", "placeholder", N_("placeholder"), N_("placeholders"), N_("a blank that nobody filled in")),
        Rule(
            "LEAK009",
            "conflict-marker",
            N_("conflict marker"),
            N_("conflict markers"),
            N_("a merge conflict that nobody resolved"),
        ),
        Rule("POST001", "twin-post", N_("twin post"), N_("twin posts"), N_("a post that says nearly the same as another one")),
        Rule(
            "POST002",
            "shared-passage",
            N_("shared passage"),
            N_("shared passages"),
            N_("a passage that stands in another post too"),
        ),
        Rule("POST003", "template", N_("template"), N_("templates"), N_("a passage that stands in many posts at a like place")),
        Rule(
            "POST004",
            "same-address",
            N_("address taken twice"),
            N_("addresses taken twice"),
            N_("a post at the address of another one"),
        ),
        Rule(
            "POST005",
            "leaked-title",
            N_("leaked title"),
            N_("leaked titles"),
            N_("what an assistant said, taken for a title or the like"),
        ),
        Rule(
            "SUP001",
            "unused-suppression",
            N_("unused suppression"),
            N_("unused suppressions"),
            N_("a suppression that leaves nothing alone"),
        ),
    )
}


SIMILAR = N_("{share} the same")
IN_A_SERIES = N_("as in a series: {why}")
COULD_SAY = N_("its front matter could say: {lines}")
IN_POSTS = N_("in {count} posts")
FORMS = (SIMILAR, IN_A_SERIES, COULD_SAY, IN_POSTS)
"""What speaks for a finding and has a figure or a text in it."""
EVIDENCE = frozenset(
    {
        N_("stands right beside its witness"),
        N_("echoes the sentence before it"),
        N_("stands beside a leak"),
        N_("is a flattened copy"),
        N_("ends the post"),
        N_("is cut off"),
        N_("starts the post over"),
        N_("is the block before it once more"),
        N_("is the heading before it once more"),
        N_("is part of a second draft"),
        N_("is a stretch of the post once more"),
        N_("stands again where the text goes on"),
        N_("repeats of a damaged post"),
        N_("breaks off where a complete copy follows"),
        N_("breaks off and stands complete elsewhere"),
        N_("breaks off and stands complete nowhere"),
        N_("the first draft breaks off here"),
        N_("goes on after a break"),
        N_("goes on after a break with its last words again"),
        N_("stands unbroken where it was copied from"),
        N_("in a damaged post"),
        N_("beside a repeat"),
        N_("fenced off by a rule"),
        N_("after a cut sentence"),
        N_("at the end"),
        N_("beside another leak"),
        N_("no other damage in the post"),
        N_("much like what stands before"),
        N_("their links differ"),
        N_("their numbers differ"),
        N_("their days differ"),
        N_("their names differ"),
        N_("their code differs"),
        N_("one of them negates"),
        N_("a word begins otherwise"),
        N_("not prose"),
        N_("a heading once more, over what goes"),
        N_("a heading once more, over what goes on"),
        N_("a heading, all under it goes"),
        N_("has new text"),
        N_("is a copy"),
        N_("is a rewrite"),
        N_("nothing is found there"),
        N_("names no rule"),
        N_("switches on what was not off"),
        N_("is neither `false` nor `{ignore: [codes]}`"),
        N_("has an `ignore` that is not a list of codes"),
        N_("accepted, but there is no fix for it"),
        N_("was to stay instead of its witness, which cannot go: both stay"),
        N_("the title once more, behind what goes"),
        N_("takes up what broke off"),
        N_("a few words that break off and stand elsewhere"),
        N_("left, for it cannot be repaired beside what was decided"),
        N_("the one that stays"),
        N_("in its front matter"),
        N_("in a link to another post"),
    }
)
"""What else speaks for a finding, each as one piece of its evidence."""


def say_reason(reason: str) -> str:
    """Return a piece of evidence, or several joined by semicolons, in the language of the reader."""
    return say_again(reason, FORMS)


def describe(text: str, verdict: Verdict, edits: tuple[Edit, ...]) -> Finding:
    """Return the finding a verdict on `text` amounts to, its message a sentence with the reason in it."""
    rule = RULES[verdict.rule]
    # An empty span in front only says where the text goes on.
    start = next((span.start for span in verdict.spans if span.end > span.start), verdict.spans[0].start)
    span = Span(start, verdict.spans[-1].end)
    reason = f" ({'; '.join(verdict.evidence)})" if verdict.evidence else ""
    return Finding(
        code=rule.code,
        span=span,
        message=f"{rule.summary}{reason}",
        safety=verdict.safety,
        fingerprint=fingerprint(rule.code, text, verdict.spans),
        witness=verdict.witness,
        similarity=verdict.similarity or (1.0 if verdict.witness else None),
        evidence=verdict.evidence,
        edits=edits,
        rewordings=tuple(
            Rewording(goes, stays, differ(text[goes.start : goes.end], text[stays.start : stays.end]))
            for goes, stays in verdict.rewritten
        ),
    )
