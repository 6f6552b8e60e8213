"""The edit screen: one text, shown as form, code, prose, source, conversation and neighbours.

The text is the truth. Every editor owns a region of it; an edit becomes a new text, which is parsed and shown by all
the others. Nothing else of the text changes.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer, Label, Static, TabbedContent, TabPane, TextArea

from curator import chatml, corpus
from curator.diagnostic import Diagnostic, Severity
from curator.drafts import Journal
from curator.errors import CuratorError
from curator.example import CodeBlock, Example, parse, with_code, with_meta, with_section
from curator.templates import PLACEHOLDER
from curator.tui import live
from curator.tui.fields import value_written
from curator.tui.screens.dialogs import CompareScreen, ConflictScreen, LeaveScreen
from curator.tui.shown import code_shown, expected_title, merged, one_line, shown
from curator.tui.signs import counted
from curator.tui.state import Known, Left, Open, Saved
from curator.tui.widgets.editor import CodeEditor, Mark, TextEditor
from curator.tui.widgets.form import FrontMatterForm
from curator.tui.widgets.line import Line
from curator.tui.widgets.preview import Preview
from curator.tui.widgets.problems import Problems
from curator.tui.widgets.similar import Similar

# A pause in typing this long is worth a check; the check itself takes less.
PAUSE_S = 0.25
# How far the journal may be behind.
JOURNAL_S = 0.5
# How often the file is looked at for changes by others.
WATCH_S = 2.0

ORIGIN_SOURCE = "source"


@dataclass
class Region:
    """What an editor shows of the text: a code block (`index`) or a section (`title`).

    `anchor` and `raw` are the example and the raw text of the region when the two last agreed; every edit is carried
    from there, so that a fence or a heading typed in the middle moves nothing twice.
    """

    editor: TextEditor
    anchor: Example
    index: int | None = None
    title: str = ""
    raw: str = ""
    raw_now: str = ""
    pulled: str = ""

    def raw_in(self, example: Example) -> str | None:
        """The region's text in an example, None if it is not there."""
        if self.index is None:
            return example.prose(self.title)
        return example.bbj_blocks[self.index].text if self.index < len(example.bbj_blocks) else None

    def shown(self, raw: str) -> str:
        """The region's text as the editor shows it."""
        return shown(raw) if self.index is None else code_shown(raw)

    def edited(self) -> str:
        """The example's text with what the editor holds."""
        raw = merged(self.raw, self.shown(self.raw), self.editor.text)
        if self.index is None:
            return with_section(self.anchor, self.title, raw)
        return with_code(self.anchor, self.anchor.bbj_blocks[self.index], raw)


@dataclass
class Opened:
    """What to edit: the text, where it stands or is to stand, and what the file held when it was opened.

    `path` is None for an example that has no file yet; then `topic` says where it goes. `clean` is the text that has
    nothing to lose (the file's, or the template's); None if all of it would be lost.
    """

    text: str
    path: Path | None = None
    topic: str = ""
    base: str | None = None
    clean: str | None = None
    journal: Journal = field(default_factory=Journal)


class EditScreen(Screen[None]):
    """Edit one example."""

    HELP = (
        "You edit one example. The labels are on the left (F2), the program is under Code (F3), what it shows and why "
        "it works under Text (F4), the whole file under Source (F5). Preview (F6) is what the model will see, Similar "
        "(F7) what the corpus already has. Problems are listed below as you pause; F8 goes to the next one. ctrl+s "
        "saves. In an editor Tab indents, Escape leaves it, ctrl+z undoes.\n"
    )
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (104, "-wide")]  # noqa: RUF012

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "Save", id="edit.save", priority=True),
        Binding("f2", "labels", "Labels", id="edit.labels", priority=True),
        Binding("f8", "problem(1)", "Next problem", id="edit.next-problem", priority=True),
        Binding("escape", "back", "Back", id="edit.back"),
        Binding("f3", "view('code')", "Code", id="edit.code", show=False, priority=True),
        Binding("f4", "view('texts')", "Text", id="edit.texts", show=False, priority=True),
        Binding("f5", "view('source')", "Source", id="edit.source", show=False, priority=True),
        # F6 and F7 select a line and all in a TextArea; here they are the last two views, and ctrl+a selects all
        Binding("f6", "view('preview')", "Preview", id="edit.preview", show=False, priority=True),
        Binding("f7", "view('similar')", "Similar", id="edit.similar", show=False, priority=True),
        Binding("shift+f8", "problem(-1)", "Last problem", id="edit.last-problem", show=False, priority=True),
        Binding("ctrl+l", "problems", "List of problems", id="edit.problems", show=False, priority=True),
        Binding("ctrl+n", "add_code", "Add a code block", id="edit.add-code", show=False, priority=True),
        Binding("ctrl+r", "next_example", "Next example", id="edit.next-example", show=False, priority=True),
    ]

    def __init__(self, known: Known, opened: Opened) -> None:
        super().__init__()
        self.known = known
        self.file = opened.path
        self.topic = opened.topic or (opened.path.parent.name if opened.path else "")
        self.base = opened.base
        self.clean = opened.clean
        self.journal = opened.journal
        self.example = Example("", "")
        self.findings = live.Findings(judge="…")
        self._journaled: str | None = None
        self._journal_error = ""
        self._journaling = False
        self._given_up = False
        self._disk_changed = False
        self._regions: list[Region] = []
        self._structure: tuple[Any, ...] = ()
        self._source_anchor = ""
        self._source_pulled = ""
        self._adopt(opened.text)

    # ------------------------------------------------------------------ what is shown

    def compose(self) -> ComposeResult:
        """Form and views side by side, problems and keys below."""
        yield Line("", id="edit-title")
        with Horizontal(id="edit-main"):
            yield FrontMatterForm(id="form")
            with TabbedContent(id="views", initial="code"):
                with TabPane("Code F3", id="code"):
                    yield Vertical(id="blocks")
                with TabPane("Text F4", id="texts"):
                    yield Label("", id="expected-label", classes="part-label")
                    yield TextEditor(id="expected", show_line_numbers=False, soft_wrap=True)
                    yield Label("Explanation: how it works, and why it is written this way", classes="part-label")
                    yield TextEditor(id="explanation", show_line_numbers=False, soft_wrap=True)
                with TabPane("Source F5", id="source"):
                    yield CodeEditor(id="source-text")
                with TabPane("Preview F6", id="preview"):
                    yield Preview(id="preview-turns")
                with TabPane("Similar F7", id="similar"):
                    yield Similar(id="similar-view")
        yield Problems(id="problems")
        yield Footer(show_command_palette=True, compact=True)

    async def on_mount(self) -> None:
        """Fill everything, then check and keep the journal."""
        await self._rebuild()
        self._show(None)
        self._check()
        self.set_interval(JOURNAL_S, self._keep_journal)
        self.set_interval(WATCH_S, self._watch_file)
        first = self._regions[0].editor if self._regions else None
        if first is not None:
            first.focus()

    @property
    def text(self) -> str:
        """The example as it stands."""
        return self.example.text

    @property
    def dirty(self) -> bool:
        """True if leaving would lose something."""
        return self.text != self.clean

    @property
    def example_name(self) -> str:
        """`topic/slug.md`, or what it will be."""
        return "/".join(self.example.path.split("/")[-2:])

    # ------------------------------------------------------------------ the text and its regions

    async def change(self, text: str, origin: Region | str | None = None) -> None:
        """Take a new text: parse it, show it everywhere but where it was typed, check it after a pause."""
        if text == self.text:
            return
        self._given_up = False  # leaving was called off, and the author goes on
        self._adopt(text)
        if _structure(self.example) != self._structure and not (isinstance(origin, Region)):
            await self._rebuild()
            origin = origin if isinstance(origin, str) else None
        self._show(origin)
        self._check()

    async def pull(self) -> None:
        """Take over what was typed into an editor and has not arrived as a message yet."""
        for region in self._regions:
            await self._pull(region)
        source = self.query_one("#source-text", CodeEditor)
        if self.query_one("#views", TabbedContent).active == "source" and source.text != self._source_pulled:
            await self._pull_source(source)
        example = self.example
        for changed, value in self.query_one("#form", FrontMatterForm).take():
            example = parse(with_meta(example, changed.key, value_written(changed, value)), example.path)
        await self.change(example.text)

    async def _pull(self, region: Region) -> None:
        if region.editor.text == region.pulled:
            return
        region.pulled = region.editor.text
        await self.change(region.edited(), region)
        region.raw_now = region.raw_in(self.example) or ""

    async def _pull_source(self, source: CodeEditor) -> None:
        self._source_pulled = source.text
        await self.change(merged(self._source_anchor, shown(self._source_anchor), source.text), ORIGIN_SOURCE)
        self._source_anchor = self.text

    def _adopt(self, text: str) -> None:
        path = self.file or self._path_to_be(parse(text).title if self.file is None else "")
        self.example = parse(text, path.as_posix())

    def _path_to_be(self, title: str) -> Path:
        try:
            return corpus.new_path(self.known.root, self.topic, title)
        except CuratorError:
            return self.known.root / (self.topic or "topic") / "untitled.md"

    async def _rebuild(self) -> None:
        """Lay out an editor per code block and name the sections anew."""
        self._structure = _structure(self.example)
        blocks = self.query_one("#blocks", Vertical)
        await blocks.remove_children()
        regions = []
        for index, block in enumerate(self.example.bbj_blocks):
            editor = CodeEditor(classes="code")
            pane = Vertical(Label(Content(_block_name(block, index)), classes="part-label"), editor, classes="block")
            pane.set_class(index == 0, "-current")
            await blocks.mount(pane)
            regions.append(self._region(editor, index=index))
        blocks.set_class(len(regions) > 1, "-several")
        if not regions:
            hint = "There is no program yet: ctrl+n adds one (a ```bbj fence under ## Code)."
            await blocks.mount(Static(Content(hint), classes="hint"))
        title = expected_title(self.example)
        what = "what is printed" if title.endswith("Output") else "what the user sees and can do"
        self.query_one("#expected-label", Label).update(f"{title}: {what}")
        regions.append(self._region(self.query_one("#expected", TextEditor), title=title))
        regions.append(self._region(self.query_one("#explanation", TextEditor), title="Explanation"))
        self._regions = regions

    def _region(self, editor: TextEditor, index: int | None = None, title: str = "") -> Region:
        region = Region(editor, self.example, index, title)
        region.raw = region.raw_now = region.raw_in(self.example) or ""
        editor.show(region.shown(region.raw))
        region.pulled = editor.text
        return region

    def _show(self, origin: Region | str | None) -> None:
        """Bring every part up to date, the one that was typed into excepted."""
        self._show_title()
        form = self.query_one("#form", FrontMatterForm)
        form.show(self.example, self.topic, self.file is not None, to_write(self.example))
        for region in self._regions:
            if region is not origin:
                self._show_region(region)
            if region.index is not None and region.index < len(self.example.bbj_blocks):
                region.editor.line_number_start = self.example.bbj_blocks[region.index].first_line
        self._show_view(origin)

    def _show_region(self, region: Region) -> None:
        raw = region.raw_in(self.example)
        if raw is None:
            return
        waiting = region.editor.text != region.pulled  # typed, but not taken over yet
        wanted = region.shown(raw)
        if (raw != region.raw_now or not waiting) and region.editor.text.rstrip() != wanted.rstrip():
            region.editor.show(wanted)
            region.pulled = region.editor.text
        region.anchor, region.raw, region.raw_now = self.example, raw, raw

    def _show_view(self, origin: Region | str | None = None) -> None:
        """The views that are filled only while they are looked at."""
        active = self.query_one("#views", TabbedContent).active
        if active == "source" and origin != ORIGIN_SOURCE:
            source = self.query_one("#source-text", CodeEditor)
            source.show(self.text)
            self._source_pulled, self._source_anchor = source.text, self.text
        if active == "source":
            rows = {r for b in self.example.bbj_blocks for r in range(b.first_line - 1, _last_row(b))}
            self.query_one("#source-text", CodeEditor).colour_rows(frozenset(rows))
            self._mark()
        if active == "preview":
            self.run_worker(self._show_preview(), group="preview", exclusive=True)

    async def _show_preview(self) -> None:
        await self.query_one("#preview-turns", Preview).show(chatml.conversations(self.example))

    def _show_title(self) -> None:
        state = "new, not saved" if self.file is None else ("changed" if self.dirty else "saved")
        parts: list[Any] = [(one_line(self.example_name), "bold"), f"   {state}"]
        if self._disk_changed:
            parts.append(("   ▲ changed on disk by somebody else", "$text-warning"))
        if self._journal_error:
            parts.append((f"   ● draft not kept: {self._journal_error}", "$text-error"))
        near = [n for n in self.findings.neighbours if n.similarity >= live.NEAR]
        if near:
            name = "/".join(near[0].path.split("/")[-2:])
            parts.append((f"   ▲ {near[0].similarity:.0%} like {one_line(name)}", "$text-warning"))
        self.query_one("#edit-title", Line).put(Content.assemble(*parts))

    # ------------------------------------------------------------------ what the author does

    @on(TextArea.Changed)
    async def _text_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        if event.text_area.id == "source-text":
            assert isinstance(event.text_area, CodeEditor)
            if event.text_area.text != self._source_pulled:
                await self._pull_source(event.text_area)
            return
        region = next((r for r in self._regions if r.editor is event.text_area), None)
        if region is not None:
            await self._pull(region)

    @on(FrontMatterForm.Changed)
    async def _field_changed(self) -> None:
        await self.pull()

    @on(FrontMatterForm.TopicChanged)
    def _topic_changed(self, event: FrontMatterForm.TopicChanged) -> None:
        if self.file is None and event.topic != self.topic:
            self.topic = event.topic
            self._adopt(self.text)
            self._show_title()
            self._check()

    @on(TabbedContent.TabActivated)
    def _view_changed(self) -> None:
        self._show_view()

    def on_descendant_focus(self) -> None:
        """The block with the cursor is the one that has room on a narrow screen."""
        blocks = self.query(".block")
        if any(block.has_focus_within for block in blocks):
            for block in blocks:
                block.set_class(block.has_focus_within, "-current")

    @on(Problems.Chosen)
    def _problem_chosen(self, event: Problems.Chosen) -> None:
        self._go_to(event.diagnostic)

    @on(Similar.Chosen)
    def _similar_chosen(self, event: Similar.Chosen) -> None:
        self._compare(event.neighbour.path)

    def action_view(self, view: str) -> None:
        """Show one of the views and put the cursor into it."""
        self.remove_class("-form")
        self.query_one("#views", TabbedContent).active = view
        self._show_view()
        self.call_after_refresh(self._focus_view, view)

    def _focus_view(self, view: str) -> None:
        pane = self.query_one(f"#views #{view}", TabPane)
        current = pane.query(".-current CodeEditor") or pane.query("TextEditor, #preview-turns, #similar-list")
        if current and not pane.has_focus_within:
            current.first().focus()

    def action_labels(self) -> None:
        """Go to the form; on a narrow screen it takes the place of the views, and gives it back."""
        if self.has_class("-narrow") and self.has_class("-form"):
            self.action_view(self.query_one("#views", TabbedContent).active)
        else:
            self.add_class("-form")
            self.query_one("#form", FrontMatterForm).focus_field("title")

    def action_problem(self, by: int) -> None:
        """Go to the next or the last problem."""
        self.query_one("#problems", Problems).step(by)

    def action_problems(self) -> None:
        """Put the cursor into the list of problems."""
        self.query_one("#problems-list").focus()

    async def action_add_code(self) -> None:
        """Add an empty program under ## Code."""
        await self.pull()
        said = f"{self.example.prose('Code')}\n\n```bbj\nrem \n```".strip()
        await self.change(with_section(self.example, "Code", said))
        self.action_view("code")

    def action_next_example(self) -> None:
        """Open the next example of the home screen's list in place of this one."""
        self._leave(then_next=True)

    def action_back(self) -> None:
        """Out of an editor first, then home; unsaved changes are asked about."""
        if self.has_class("-narrow") and self.has_class("-form"):
            self.action_labels()
        elif isinstance(self.focused, TextEditor):
            self.query_one("#views Tabs").focus()
        else:
            self._leave()

    def action_save(self) -> None:
        """Save to the corpus."""
        self._save()

    # ------------------------------------------------------------------ saving and leaving

    @work(exclusive=True, group="save")
    async def _save(self) -> None:
        await self.save()

    async def save(self) -> bool:
        """Write the text to its file, never over somebody else's change without asking. True if it is saved."""
        await self.pull()
        try:
            path = self.file or corpus.new_path(self.known.root, self.topic, self.example.title)
            disk = _on_disk(path)
            if disk != self.base:
                answer = await self.app.push_screen_wait(ConflictScreen(self.example_name, self.text, disk))
                if answer == "theirs" and disk is not None:
                    await self._take_theirs(disk)
                if answer != "mine":
                    return False
            corpus.write(path, self.text)
        except CuratorError as error:
            self.notify(f"Not saved. {error}", severity="error", markup=False, timeout=10)
            return False
        self.file, self.base, self.clean, self._disk_changed = path, self.text, self.text, False
        self._adopt(self.text)
        await self._forget_draft()
        self.post_message(Saved(self.example))
        self._show(None)
        bad = [d for d in self.findings.diagnostics if d.severity is Severity.ERROR]
        where = f"{self.known.root.name}/{self.example_name}"
        if bad:
            self.notify(f"Saved {where}, with {counted(bad)}. F8 goes there.", severity="warning", markup=False)
        else:
            self.notify(f"Saved {where}.", markup=False)
        return True

    async def _take_theirs(self, disk: str) -> None:
        self.base, self.clean, self._disk_changed = disk, disk, False
        await self.change(disk)
        self._show_title()
        self.notify("This is the text on disk now. ctrl+z in an editor brings its old text back.", markup=False)

    @work(exclusive=True, group="leave")
    async def _leave(self, then_next: bool = False) -> None:
        if await self.may_leave():
            self.post_message(Left(self.example.path, then_next))

    async def may_leave(self) -> bool:
        """Ask about unsaved changes; True if the screen can go."""
        await self.pull()
        if not self.dirty:
            await self._forget_draft(for_good=True)
            return True
        answer = await self.app.push_screen_wait(LeaveScreen(self.example.title or self.example_name))
        if answer == "save":
            return await self.save()
        if answer == "keep":
            await self._journal()
            if self._journal_error:
                self.notify(f"The draft cannot be kept: {self._journal_error}.", severity="error", markup=False)
                return False
            self._given_up = True
            self.journal.close()
            return True
        if answer == "discard":
            await self._forget_draft(for_good=True)
            return True
        return False

    async def _keep_journal(self) -> None:
        """Bring the draft on disk up to date, in a worker: an fsync on a busy disk may take seconds."""
        await self.pull()
        if not self._journaling:
            self._write_journal()

    @work(group="journal")
    async def _write_journal(self) -> None:
        await self._journal()

    async def _journal(self) -> None:
        while self._journaling:  # two writers would share one temporary file
            await asyncio.sleep(0.01)
        self._journaling = True
        try:
            await self._journal_text(self.text)
        finally:
            self._journaling = False

    async def _journal_text(self, text: str) -> None:
        if self._given_up or text == self._journaled or (not self.dirty and self._journaled is None):
            return
        if not self.dirty:
            await asyncio.to_thread(self.journal.discard)
            self._journaled = None
            return
        path = self.file.as_posix() if self.file else ""
        error = ""
        try:
            await asyncio.to_thread(self.journal.write, self.known.root.as_posix(), path, self.topic, self.base, text)
            self._journaled = text
        except OSError as failed:
            error = failed.strerror or "it cannot be written"
        if error != self._journal_error:
            self._journal_error = error
            self._show_title()

    async def _forget_draft(self, for_good: bool = False) -> None:
        self._given_up = for_good
        while self._journaling:  # a draft written after this would come back from the dead
            await asyncio.sleep(0.01)
        await asyncio.to_thread(self.journal.discard)
        self._journaled = None

    @work(group="watch", exclusive=True)
    async def _watch_file(self) -> None:
        """Say so if somebody else changed the file; saving will ask."""
        if self.file is None:
            return
        base = self.base
        changed = await asyncio.to_thread(_on_disk, self.file) != base
        if base == self.base and changed != self._disk_changed:
            self._disk_changed = changed
            self._show_title()

    # ------------------------------------------------------------------ checks

    @work(exclusive=True, group="check")
    async def _check(self) -> None:
        """Wait for a pause, check, then ask the compiler. A newer call ends an older one, compiler and all."""
        await asyncio.sleep(PAUSE_S)
        example, index = self.example, self.known.index
        findings = await asyncio.to_thread(live.quick, example, index)
        compiler = live.has_compiler()
        self._found(replace(findings, note="bbjcpl is running …") if compiler else findings)
        if compiler:
            self._found(await live.compiled(example, findings))

    def check_now(self) -> None:
        """Check again: the corpus has been read meanwhile."""
        self._check()

    def _found(self, findings: live.Findings) -> None:
        if not self.query("#problems"):  # the screen is being taken down; its workers are cancelled last
            return
        self.findings = findings
        note = "   ".join(said for said in (findings.note, to_write(self.example)) if said)
        self.query_one("#problems", Problems).show(findings.diagnostics, findings.judge, note)
        self._mark()
        titles = {path: example.title for path, example in self.known.examples.items()}
        ready = self.known.index is not None
        self.query_one("#similar-view", Similar).show(findings.neighbours, titles, ready)
        tab = self.query_one("#views", TabbedContent).get_tab("similar")
        near = sum(n.similarity >= live.NEAR for n in findings.neighbours)
        label = f"Similar F7 ▲{near}" if near else "Similar F7"
        if str(tab.label) != label:
            tab.label = label
        self._show_title()

    def _mark(self) -> None:
        """Put the problems where they are: gutters, underlines, labels of the form."""
        diagnostics = self.findings.diagnostics
        for region in self._regions:
            if region.index is None or region.index >= len(self.example.bbj_blocks):
                continue
            block = self.example.bbj_blocks[region.index]
            assert isinstance(region.editor, CodeEditor)
            region.editor.mark(_marks(diagnostics, block.first_line, _last_row(block)))
        self.query_one("#source-text", CodeEditor).mark(_marks(diagnostics, 1, self.text.count("\n") + 1))
        lines = {d.line for d in diagnostics}
        keys = {key for key, place in self.example.keys.items() if place.line in lines and place.line > 1}
        self.query_one("#form", FrontMatterForm).mark(keys)

    def _go_to(self, diagnostic: Diagnostic) -> None:
        line, column = diagnostic.line, diagnostic.column - 1
        for region in self._regions:
            if region.index is None:
                continue
            block = self.example.bbj_blocks[region.index]
            if block.first_line <= line <= _last_row(block):
                self.action_view("code")
                region.editor.focus()
                region.editor.go_to(line - block.first_line, column)
                return
        key = next((key for key, place in self.example.keys.items() if place.line == line), "")
        if self.query(f"#field-{key}") if key.isidentifier() else None:
            self.add_class("-form")
            self.query_one("#form", FrontMatterForm).focus_field(key)
            return
        for region in self._regions:
            section = self.example.section(region.title) if region.title else None
            if section and section.line <= line < section.line + 1:
                self.action_view("texts")
                region.editor.focus()
                return
        self.action_view("source")
        self.query_one("#source-text", CodeEditor).go_to(line - 1, column)

    @work(exclusive=True, group="compare")
    async def _compare(self, path: str) -> None:
        other = self.known.examples.get(path)
        if other is None:
            return
        name = "/".join(path.split("/")[-2:])
        heading = f"yours  │  {name}: {other.title}"
        if await self.app.push_screen_wait(CompareScreen(heading, self.text, other.text)):
            self.post_message(Open(path))


def to_write(example: Example) -> str:
    """What still stands there from the template, in a few words with the key to get there."""
    places = [("description F2", str(example.meta.get("description") or ""))]
    title = expected_title(example)
    places += [("output F4" if title.endswith("Output") else "behavior F4", example.prose(title))]
    places += [("explanation F4", example.prose("Explanation"))]
    left = [name for name, text in places if PLACEHOLDER in text]
    return f"{PLACEHOLDER} " + ", ".join(left) if left else ""


def _structure(example: Example) -> tuple[Any, ...]:
    """What the layout depends on."""
    return (tuple(_block_name(b, i) for i, b in enumerate(example.bbj_blocks)), expected_title(example))


def _block_name(block: CodeBlock, index: int) -> str:
    name = one_line(" · ".join(part for part in (block.part, block.filename) if part))
    return name or ("Code" if index == 0 else f"Code {index + 1}")


def _last_row(block: CodeBlock) -> int:
    """The file line of the block's last line."""
    return block.first_line + max(block.text.rstrip("\r\n").count("\n"), 0)


def _marks(diagnostics: Iterable[Diagnostic], first: int, last: int) -> list[Mark]:
    return [
        Mark(d.line - first, d.column - 1, None if d.end is None else d.end - 1, d.severity)
        for d in diagnostics
        if first <= d.line <= last
    ]


def _on_disk(path: Path) -> str | None:
    """The file's text now, None if there is none. Bytes that are not UTF-8 count as a change, and are shown as such."""
    try:
        return path.read_bytes().decode("utf-8", errors="backslashreplace")
    except OSError:
        return None
