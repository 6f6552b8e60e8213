"""The reviewer's desk: decides about examples of one corpus and writes it down; for the app and `curator review` alike.

It puts together who is at work (people.py), what was decided so far (log.py), the rules (rules.py) and the log
of what can be taken back (undo.py). It prints nothing and asks nothing.
"""

from collections.abc import Sequence
from pathlib import Path

from curator import chatml
from curator.diagnostic import Diagnostic, Severity
from curator.errors import CuratorError
from curator.example import Example
from curator.review import log as review_log
from curator.review import people
from curator.review import rules as review
from curator.review.people import Person
from curator.review.rules import Deed, Event, Standing
from curator.review.undo import ActionLog

_PAST = {"comment": "commented on", "draft": "took back to draft"}


class Desk:
    """One corpus and one reviewer. `given` is who reviews, if not the one git names; see `people.identity`."""

    def __init__(self, root: Path, given: str = "", actions: ActionLog | None = None) -> None:
        self.root = root
        self.actions = actions or ActionLog(root)
        self.record = review_log.Record(root)
        self._given = given
        self._me: Person | None = None
        self._committers: dict[str, Person] | None = None

    @property
    def me(self) -> Person:
        """Who decides. Raises MissingError if nobody is named."""
        if self._me is None:
            self._me = people.identity(self._given, self.root)
        return self._me

    def read(self) -> None:
        """Read the record again: others may have written meanwhile."""
        self.record = review_log.read(self.root)

    def standing(self, example: Example) -> Standing:
        """Where an example stands, by the record as read last."""
        return self.record.standing(example)

    def authors(self, example: Example) -> list[Person]:
        """Who wrote an example: see `review.authors`. Whoever has uncommitted changes to it here is one of them."""
        found = self._written_by(example)
        return [*found, self.me] if people.changed_here(Path(example.path)) else found

    def decide(self, deed: Deed, example: Example, said: str = "", found: Sequence[Diagnostic] | None = None) -> Event:
        """Propose, approve, reject, comment on an example or take it back to draft, and write it down.

        `found` is what the checks say of the text; None checks it now. No byte of the example changes. Raises
        CuratorError if the rules forbid it or it cannot be written; nothing is recorded then.
        """
        self.read()
        written_by = self._judged(example) if deed in ("approved", "rejected") else []
        unfit = _unfit(example, found) if deed in ("proposed", "approved") else ""
        event = review.decide(deed, example, self.record.of(example), self.me, written_by, said, unfit)
        review_log.add(self.root, event)
        self.actions.reviewed(f"{_PAST.get(deed, deed)} {event.example}", event.id)
        self.read()
        return event

    def label(self, example: Example, generations: Sequence[str]) -> Event:
        """Write down a blind second label. Raises CuratorError if an author would label their own example."""
        event = review.label(example, generations, self.me, self._judged(example))
        review_log.add(self.root, event)
        self.actions.reviewed(f"labelled {event.example}", event.id)
        self.read()
        return event

    def to_label(self, examples: Sequence[Example], count: int, seed: int) -> tuple[list[Example], int]:
        """A sample of `count` examples that others wrote: what is left for this reader to label, and the sample's size.

        Without anybody known as its author an example is left out, as nobody can say who may label it.
        """
        self.read()
        by_id = {chatml.example_id(e.path): e for e in examples if e.bbj_blocks}
        done = {event.example for event in self.record.labels() if event.by == str(self.me)}
        sample: list[str] = []
        for id in review.sample(by_id, len(by_id), seed):
            if len(sample) == count:
                break
            if id in done or self._anothers(by_id[id]):
                sample.append(id)
        return [by_id[id] for id in sample if id not in done], len(sample)

    def _anothers(self, example: Example) -> bool:
        written_by = self._written_by(example)
        mine = any(self.me.same(author) for author in written_by)
        return bool(written_by) and not mine and not people.changed_here(Path(example.path))

    def _judged(self, example: Example) -> list[Person]:
        """The authors. Raises CuratorError if the text is not the one that others have."""
        if people.changed_here(Path(example.path)):
            raise CuratorError(
                f"{chatml.example_id(example.path)}: has changes here that are not committed, so this text would be "
                "partly yours; commit it or take the changes back, then review it"
            )
        return self._written_by(example)

    def _written_by(self, example: Example) -> list[Person]:
        if self._committers is None:
            self._committers = people.added_by(self.root) or {}
        committer = self._committers.get(chatml.example_id(example.path))
        return review.authors(example, self.record.of(example), committer)


def _unfit(example: Example, found: Sequence[Diagnostic] | None) -> str:
    """Why a text is not ready for a review, "" if it is."""
    if found is None:
        from curator import checks  # 60 ms that the first paint of the app does not wait for

        found = [*checks.check_text(example.text, example.path), *checks.check_code([example], "builtin")]
    errors = sum(d.severity is Severity.ERROR for d in found)
    if errors:
        return f"has {errors} error{'s' * (errors > 1)}"
    return "something is still to be written (TODO:)" if any(d.code == "W207" for d in found) else ""
