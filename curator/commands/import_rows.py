"""`curator import`: make examples of what others made."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curator.commands.options import COMPILER, CORPUS, JOBS, root_or_here, stages
from curator.errors import CuratorError, ExitCode
from curator.labels import TOPICS

if TYPE_CHECKING:
    from curator.editing.import_code import Draft
    from curator.rows.import_rows import Wish


@click.command("import")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@CORPUS
@click.option("--clipboard", is_flag=True, help="Take what the clipboard holds.")
@click.option("--title", default="", help="Of code: the title, instead of the one suggested.")
@click.option("--topic", type=click.Choice(TOPICS), help="Of code: the topic, instead of the one suggested.")
@click.option("--together", is_flag=True, help="Of several .bbj files: one example with all of them.")
@click.option("--source", default="", help="Of a dataset: what to name as the source. Default: the file's name.")
@click.option(
    "--license", "license_name", default="", help="Of a dataset: the SPDX identifier for rows that name no licence."
)
@click.option("--limit", type=click.IntRange(1), help="Of a dataset: stop after so many examples.")
@click.option("--dry-run", is_flag=True, help="Write nothing, only say what would be written.")
@COMPILER
@JOBS
def import_command(
    paths: Sequence[Path],
    root: Path | None,
    clipboard: bool,
    title: str,
    topic: str | None,
    together: bool,
    source: str,
    license_name: str,
    limit: int | None,
    dry_run: bool,
    compiler: Any,
    jobs: int,
) -> ExitCode:
    """Make draft examples of BBj code (.bbj files, text with fenced code, standard input as -) or of a dataset.

    Code and words are taken apart, the labels are suggested by the code, and each example is marked as a draft.
    A dataset is a JSONL file of chats or tasks; its good rows become examples.
    """
    from curator.editing.import_code import CODE_ENDINGS, TEXT_ENDINGS

    folder = root or root_or_here()
    rows = [path for path in paths if path.name != "-" and path.suffix.lower() not in CODE_ENDINGS + TEXT_ENDINGS]
    if rows and (len(paths) > 1 or clipboard):
        raise CuratorError(f"{rows[0]}: is no .bbj, .md or .txt file; a dataset is imported alone")
    if rows:
        from curator.rows import import_rows

        return _rows(rows[0], folder, import_rows.Wish(source, license_name, limit, dry_run), compiler, jobs)
    if not paths and not clipboard:
        raise CuratorError("what to import? give .bbj files, a .jsonl dataset, - for standard input, or --clipboard")
    return _code(paths, folder, clipboard, title, topic, together, dry_run)


def _code(
    paths: Sequence[Path], root: Path, clipboard: bool, title: str, topic: str | None, together: bool, dry_run: bool
) -> ExitCode:
    from curator import corpus, output
    from curator.review.undo import ActionLog

    log = ActionLog(root)
    failed = False
    for name, draft in _drafts(paths, clipboard, title, together):
        if isinstance(draft, CuratorError):
            output.say(f"not imported: {draft}" if str(draft).startswith(name) else f"not imported: {name}: {draft}")
            failed = True
            continue
        path = corpus.new_path(root, topic or draft.topic, title or draft.title)
        if not dry_run:
            log.file_changed(f"imported {path.parent.name}/{path.name}", path, None, draft.text.encode())
            corpus.write(path, draft.text)
        output.print_result(path.as_posix())
        for note in draft.notes:
            output.say(f"  {note}")
    return ExitCode.FINDINGS if failed else ExitCode.OK


def _drafts(
    paths: Sequence[Path], clipboard: bool, title: str, together: bool
) -> "Iterator[tuple[str, Draft | CuratorError]]":
    """The name of each source, and its draft or why there is none."""
    from curator.editing import clipboard as board
    from curator.editing import import_code

    if together:
        yield ", ".join(map(str, paths)), import_code.draft_of_files(paths, title)
        return
    if clipboard:
        yield "the clipboard", import_code.draft_of(board.pasted(), title=title)
    for path in paths:
        try:
            if path.name == "-":
                text = import_code.decoded(sys.stdin.buffer.read(import_code.MOST_BYTES + 1), "standard input")
                yield "standard input", import_code.draft_of(text, title=title)
            else:
                yield str(path), import_code.draft_of(import_code.read(path), str(path), title)
        except CuratorError as error:
            yield str(path), error


def _rows(path: Path, root: Path, wish: "Wish", compiler: Any, jobs: int) -> ExitCode:
    from curator import output
    from curator.rows import import_rows
    from curator.rows.row_checks import Options

    made: list[Path] = []
    try:
        with stages() as progress:
            done = import_rows.import_rows(
                path, root, Options(compiler), wish, lambda _, file: made.append(file), progress, jobs
            )
    finally:  # what was made before it was stopped is there and is said
        for file in made:
            output.print_result(file.as_posix())
    for text in import_rows.as_lines(done):
        output.say(text)
    output.say(import_rows.summary(done, wish.dry_run))
    return ExitCode.OK if done.examples else ExitCode.FINDINGS
