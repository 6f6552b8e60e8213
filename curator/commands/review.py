"""`curator review`: propose, approve, reject and discuss examples, and label a sample without seeing the label."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from curator.commands.options import CORPUS, TEXT_OR_JSON, root_or_here
from curator.errors import CuratorError, ExitCode, MissingError
from curator.labels import GENERATIONS

# The words of curator.review.rules.STATES; that module is loaded when a command runs. A test compares them.
STATES = ("unreviewed", "draft", "proposed", "approved", "outdated", "rejected")

AS = click.option("--as", "given", default="", metavar="'NAME <ADDRESS>'", help="Who you are, if not whom git names.")
EXAMPLES = click.argument("names", nargs=-1, required=True, metavar="EXAMPLE...")
SIZE = click.option("--size", type=click.IntRange(1), default=20, show_default=True, help="Examples of the sample.")
SEED = click.option("--seed", type=int, default=0, show_default=True, help="Another seed gives another sample.")


@click.group()
def review() -> None:
    """Review examples: draft, proposed, approved or rejected; never by their own author.

    An EXAMPLE is a file, or topic/name. What is decided is written to training-data/.review, which belongs into git.
    `curator undo` takes the last decision back.
    """


@review.command("list")
@CORPUS
@click.option("--state", "states", multiple=True, type=click.Choice(STATES), help="Only these; may be given again.")
@TEXT_OR_JSON
def list_(root: Path | None, states: Sequence[str], form: str) -> ExitCode:
    """List the examples with their state, who decided, and how many comments they have."""
    from collections import Counter

    from curator import chatml, output

    desk = _desk(root, "")
    examples, unreadable = _load(desk.root)
    standings = [(chatml.example_id(example.path), desk.standing(example)) for example in examples]
    shown = [(id, now) for id, now in standings if not states or now.state in states]
    if form == "json":
        output.print_json([_plain(id, now) for id, now in shown])
    else:
        for id, now in shown:
            comments = f"  ({len(now.comments)} comments)" if now.comments else ""
            by = f"  {now.by}" if now.by else ""
            reason = f": {' '.join(now.said.split())}" if now.said else ""
            output.print_result(f"{now.state:<10}  {id}{by}{reason}{comments}")
    counts = Counter(now.state for _, now in standings)
    output.say(", ".join(f"{counts[state]} {state}" for state in STATES if counts[state]))
    for line in (*map(output.line, unreadable), *desk.record.unreadable):
        output.say(line)
    return ExitCode.FINDINGS if unreadable or desk.record.unreadable else ExitCode.OK


@review.command()
@click.argument("name", metavar="EXAMPLE")
@CORPUS
@AS
@TEXT_OR_JSON
def show(name: str, root: Path | None, given: str, form: str) -> ExitCode:
    """Show where an example stands: its state, its authors, and everything that was said."""
    from curator import chatml, output
    from curator.review import rules as review

    desk = _desk(root, given)
    example = _example(desk.root, name)
    id, now = chatml.example_id(example.path), desk.standing(example)
    if form == "json":
        output.print_json(_plain(id, now))
        return ExitCode.OK
    output.print_result(f"{id}: {now.state}")
    output.print_result("written by: " + (", ".join(map(str, desk.authors(example))) or "nobody is known"))
    text = review.text_hash(example)
    for event in now.events:
        if event.deed == "labelled":
            continue  # blind: whoever reads this may be the next to label it
        older = "" if event.text == text else "  (of an earlier text)"
        said = f": {' '.join(event.said.split())}" if event.said else ""
        output.print_result(f"{event.at[:16].replace('T', ' ')}  {event.by}  {event.deed}{said}{older}")
    return ExitCode.OK


@review.command()
@EXAMPLES
@CORPUS
@AS
def propose(names: Sequence[str], root: Path | None, given: str) -> ExitCode:
    """Say that examples are ready to be reviewed. They must have no errors."""
    return _decide("proposed", names, root, given)


@review.command()
@EXAMPLES
@CORPUS
@AS
def draft(names: Sequence[str], root: Path | None, given: str) -> ExitCode:
    """Take examples back: they are not ready to be reviewed."""
    return _decide("draft", names, root, given)


@review.command()
@EXAMPLES
@CORPUS
@AS
def approve(names: Sequence[str], root: Path | None, given: str) -> ExitCode:
    """Approve examples that somebody else wrote. A later change of the text makes the approval outdated."""
    return _decide("approved", names, root, given)


@review.command()
@EXAMPLES
@click.option("--reason", required=True, help="What has to change, for the author.")
@CORPUS
@AS
def reject(names: Sequence[str], reason: str, root: Path | None, given: str) -> ExitCode:
    """Reject examples that somebody else wrote. They are not trained on."""
    return _decide("rejected", names, root, given, reason)


@review.command()
@click.argument("name", metavar="EXAMPLE")
@click.argument("text")
@CORPUS
@AS
def comment(name: str, text: str, root: Path | None, given: str) -> ExitCode:
    """Say something about an example without deciding."""
    return _decide("comment", [name], root, given, text)


@review.command()
@CORPUS
@SIZE
@SEED
@AS
def sample(root: Path | None, size: int, seed: int, given: str) -> ExitCode:
    """List the examples of a seeded sample that you have still to label. None of them is yours."""
    from curator import chatml, output

    desk = _desk(root, given)
    left, count = desk.to_label(_load(desk.root)[0], size, seed)
    for example in left:
        output.print_result(chatml.example_id(example.path))
    output.say(f"{count - len(left)} of {count} labelled; label the next ones with: curator review label")
    return ExitCode.OK


@review.command()
@click.argument("names", nargs=-1, metavar="[EXAMPLE]...")
@click.option(
    "--generation", "generations", multiple=True, type=click.Choice(GENERATIONS), help="Your label; may be given again."
)
@CORPUS
@SIZE
@SEED
@AS
def label(
    names: Sequence[str], generations: Sequence[str], root: Path | None, size: int, seed: int, given: str
) -> ExitCode:
    """Label the generation of examples blind: you see the code and not the label.

    Without EXAMPLE those of the sample (see `curator review sample`). Without --generation each one is asked for.
    `curator stats` says how well your labels and the first ones agree.
    """
    from curator import chatml, output
    from curator.review import rules as review

    desk = _desk(root, given)
    examples = [_example(desk.root, name) for name in names]
    if not names:
        examples, _ = desk.to_label(_load(desk.root)[0], size, seed)
    for number, example in enumerate(examples, 1):
        chosen = tuple(generations)
        if not chosen:
            output.print_result(f"\n--- {number} of {len(examples)} ---\n\n{review.code_alone(example)}")
            chosen = _asked()
            if not chosen:
                continue
        desk.label(example, chosen)
        output.say(f"labelled {chatml.example_id(example.path)}: {', '.join(chosen)}")
    return ExitCode.OK


# ----------------------------------------------------------------------


def _decide(deed: Any, names: Sequence[str], root: Path | None, given: str, said: str = "") -> ExitCode:
    """All of them, or, where one may not be decided, those that may; the others are named."""
    from curator import output

    desk = _desk(root, given)
    refused = 0
    for example in [_example(desk.root, name) for name in names]:
        try:
            event = desk.decide(deed, example, said)
            output.print_result(f"{deed}  {event.example}  {event.by}")
        except MissingError:
            raise
        except CuratorError as error:
            refused += 1
            output.say(f"curator: error: {error}")
    return ExitCode.USAGE if refused else ExitCode.OK


def _desk(root: Path | None, given: str) -> Any:
    from curator.review.desk import Desk

    folder = root or root_or_here()
    if not folder.is_dir():
        raise MissingError(f"{folder}: no such folder; give the training-data folder with --corpus")
    desk = Desk(folder, given)
    desk.read()
    return desk


def _load(root: Path) -> Any:
    from curator import corpus

    return corpus.load(corpus.example_paths([root]))


def _example(root: Path, name: str) -> Any:
    """The example that a file name or `topic/name` means."""
    from curator import corpus

    choices = [Path(name), root / name, root / f"{name}.md"]
    path = next((choice for choice in choices if choice.is_file()), None)
    if path is None:
        raise MissingError(f"{name}: no such example in {root}; give a file, or topic/name as in: strings/pad-a-number")
    if not path.resolve().is_relative_to(root.resolve()):
        raise CuratorError(f"{name}: is not in {root}; name its corpus with --corpus")
    try:
        return corpus.read(path)
    except UnicodeDecodeError as error:
        raise CuratorError(f"{path}: is not UTF-8; save it as UTF-8 first") from error


def _asked() -> tuple[str, ...]:
    """The generations a reader types: words or numbers; nothing skips the example."""
    said = ", ".join(f"{number} {word}" for number, word in enumerate(GENERATIONS, 1))
    check: Callable[[str], tuple[str, ...]] = _chosen
    chosen: tuple[str, ...] = click.prompt(
        f"generation ({said}; several with blanks; enter skips)", default="", show_default=False, value_proc=check
    )
    return chosen


def _chosen(answer: str) -> tuple[str, ...]:
    words = [GENERATIONS[int(w) - 1] if w.isdigit() and 0 < int(w) <= len(GENERATIONS) else w for w in answer.split()]
    wrong = [word for word in words if word not in GENERATIONS]
    if wrong:
        raise click.BadParameter(f'"{wrong[0]}" is not a generation')
    if "all" in words and len(words) > 1:
        raise click.BadParameter('"all" stands alone')
    return tuple(word for word in GENERATIONS if word in words)


def _plain(id: str, now: Any) -> dict[str, object]:
    from dataclasses import asdict

    events = [{k: v for k, v in asdict(e).items() if v not in ("", ())} for e in now.events if e.deed != "labelled"]
    return {"example": id, "state": now.state, "by": now.by, "at": now.at, "said": now.said,
            "approved_by": list(now.approved_by), "events": events}  # fmt: skip
