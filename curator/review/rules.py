"""Where an example stands in the review: what was decided, by whom, and whether it is still true of the text.

A review is a list of events that only grows: proposed, approved, rejected, comments. The state is computed from it, so
two reviewers on two branches never overwrite each other. Every event names the text it was about by a hash: an approval
of a text that changed since counts as outdated. Reading and writing the events is `log.py`'s job.
"""

import hashlib
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, get_args

from curator import chatml
from curator.errors import CuratorError
from curator.example import Example, with_meta
from curator.review.people import Person, person

Deed = Literal["draft", "proposed", "approved", "rejected", "comment", "labelled", "withdrawn"]
DEEDS: tuple[Deed, ...] = get_args(Deed)
_DECISIONS = ("draft", "proposed", "approved", "rejected")

State = Literal["unreviewed", "draft", "proposed", "approved", "outdated", "rejected"]
STATES: tuple[State, ...] = get_args(State)

# A sign for each state: colour is never the only difference.
STATE_SIGNS: dict[State, str] = {
    "unreviewed": " ", "draft": "✎", "proposed": "?", "approved": "✓", "outdated": "↻", "rejected": "✗",
}  # fmt: skip


@dataclass(frozen=True)
class Event:
    """Something that was said or decided about an example.

    Attributes:
        at: when, as ISO 8601 in UTC.
        by: who, as "Name <address>".
        example: `<topic>/<slug>`.
        text: hash of the text it was about (`text_hash`).
        said: the comment, or the reason of a rejection.
        label: of "labelled": the generations that a second reader chose without seeing the label.
        was: of "labelled": the generations the example was labelled with at that time.
        of: of "withdrawn": the id of the event that is taken back.
    """

    id: str
    at: str
    by: str
    deed: Deed
    example: str
    text: str = ""
    said: str = ""
    label: tuple[str, ...] = ()
    was: tuple[str, ...] = ()
    of: str = ""


@dataclass(frozen=True)
class Standing:
    """Where an example stands. `state` is "outdated" if it was approved and its text changed since.

    `by`, `at` and `said` are of the decision that holds, "" if there is none. `events` are all that count, in order.
    """

    state: State
    by: str = ""
    at: str = ""
    said: str = ""
    changed: bool = False
    approved_by: tuple[str, ...] = ()
    events: tuple[Event, ...] = field(default=(), repr=False)

    @property
    def comments(self) -> tuple[Event, ...]:
        """What was said without a decision."""
        return tuple(event for event in self.events if event.deed == "comment")


def text_hash(example: Example) -> str:
    """16 hex digits for the text, whatever its line ends (git may change them) and its `review` key."""
    text = with_meta(example, "review", None) if "review" in example.keys else example.text
    return hashlib.sha256(text.replace("\r\n", "\n").encode("utf-8", "replace")).hexdigest()[:16]


def standing(example: Example, events: Sequence[Event]) -> Standing:
    """The state that the events give to a text; without a decision, what its front matter says.

    The key `review` of the front matter can say draft, proposed or rejected until the first decision; "approved"
    written there by hand names no reviewer, so it counts as proposed.
    """
    decided = [event for event in events if event.deed in _DECISIONS]
    if not decided:
        given = str(example.meta.get("review") or "")
        state: State = "proposed" if given == "approved" else _state(given)
        return Standing(state, events=tuple(events))
    last, now = decided[-1], text_hash(example)
    changed = bool(last.text) and last.text != now
    state = "outdated" if last.deed == "approved" and changed else _state(last.deed)
    approvers: dict[str, None] = {}
    for event in decided:
        if event.deed == "approved" and event.text == now:
            approvers[event.by] = None
        elif event.deed != "approved":
            approvers.clear()
    return Standing(state, last.by, last.at, last.said, changed, tuple(approvers), tuple(events))


def authors(example: Example, events: Iterable[Event], committer: Person | None) -> list[Person]:
    """Who wrote an example, as far as is known: whoever its front matter names, else the `committer` of its file, and
    whoever proposed it."""
    found = [person(event.by) for event in events if event.deed == "proposed"]
    named = str(example.meta.get("author") or "")
    try:
        found.append(person(named))
    except CuratorError:  # no author, or one that is no name
        found += [committer] if committer else []
    return list(dict.fromkeys(found))


def decide(
    deed: Deed,
    example: Example,
    events: Sequence[Event],
    me: Person,
    written_by: Sequence[Person],
    said: str = "",
    unfit: str = "",
) -> Event:
    """The event of a decision or a comment. `unfit` is why the text is not ready ("has 2 errors"), "" if it is.

    Raises CuratorError, with what to do, if the decision may not be taken: by an author, of a draft, without a reason.
    """
    id = chatml.example_id(example.path)
    now = standing(example, events)
    said = said.strip()
    if deed in ("approved", "rejected"):
        _may_judge(id, me, written_by)
    if deed in ("proposed", "approved") and unfit:
        raise CuratorError(f"{id}: {unfit}; mend that first (curator validate says where)")
    if deed == "approved":
        if now.state == "draft":
            raise CuratorError(f"{id}: is a draft; its author proposes it first")
        if now.state == "rejected":
            raise CuratorError(f"{id}: was rejected by {now.by}; its author mends and proposes it first")
        if str(me) in now.approved_by:
            raise CuratorError(f"{id}: you have approved this text already")
    if deed == "rejected" and not said:
        raise CuratorError(f"{id}: a rejection needs a reason; its author has to know what to change")
    if deed == "comment" and not said:
        raise CuratorError(f"{id}: the comment is empty; say something")
    if deed in ("proposed", "draft") and now.state == deed and not now.changed:
        raise CuratorError(f"{id}: is {deed} already")
    return new_event(deed, id, me, text=text_hash(example), said=said)


def label(example: Example, chosen: Sequence[str], me: Person, written_by: Sequence[Person]) -> Event:
    """The event of a blind second label. Raises CuratorError if `me` is an author, or nothing was chosen."""
    id = chatml.example_id(example.path)
    _may_judge(id, me, written_by)
    if not chosen:
        raise CuratorError(f"{id}: choose at least one generation")
    was = chatml.target_generation(example)
    return new_event("labelled", id, me, text=text_hash(example), label=tuple(chosen), was=was)


def new_event(deed: Deed, id: str, me: Person, **more: object) -> Event:
    """An event of this moment."""
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return Event(uuid.uuid4().hex[:12], at, str(me), deed, id, **more)  # type: ignore[arg-type]


def sample(ids: Iterable[str], count: int, seed: int) -> list[str]:
    """`count` examples, chosen by a hash of seed and id: the same for everybody, and steady as others are added."""
    ranked = sorted(ids, key=lambda id: hashlib.sha256(f"{seed}/{id}".encode()).digest())
    return ranked[:count]


def _may_judge(id: str, me: Person, written_by: Sequence[Person]) -> None:
    if not written_by:
        raise CuratorError(
            f"{id}: nobody is known as its author, so it cannot be said who may review it; its author proposes it "
            "(curator review propose), or its front matter says `author: Name <address>`"
        )
    if any(me.same(author) for author in written_by):
        raise CuratorError(
            f"{id}: you ({me}) are its author; a review is somebody else's (proposing or changing an example makes you "
            "one of its authors)"
        )


def _state(word: str) -> State:
    return word if word in ("draft", "proposed", "approved", "rejected") else "unreviewed"  # type: ignore[return-value]


def code_alone(example: Example) -> str:
    """The program that the label is about, without anything that names the label; of a migration the code after it."""
    blocks = [block for block in example.bbj_blocks if not block.part.casefold().startswith("before")]
    return "\n".join(f"rem {b.filename}\n{b.text}" if b.filename else b.text for b in blocks)
