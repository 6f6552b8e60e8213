"""The edit screen: one text, shown as form, code, prose, source, conversation and neighbours.

The text is the truth. Every editor owns a region of it; an edit becomes a new text, which is parsed and shown by all
the others. Nothing else of the text changes.
"""

import asyncio
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

from textual import on, work
from textual.app import ComposeResult, SuspendNotSupported
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer, Label, TabbedContent, TabPane, TextArea

from curator import chatml, corpus, variant
from curator.diagnostic import Diagnostic, Severity
from curator.editing import files, suggest
from curator.editing.drafts import Journal
from curator.editing.token_count import TokenCounter
from curator.errors import CuratorError
from curator.example import Example, parse, with_meta
from curator.near.answers import Neighbour
from curator.tui import live
from curator.tui.bindings import bindings
from curator.tui.fields import value_written
from curator.tui.keeper import DraftKeeper
from curator.tui.regions import Region, code_rows, last_row, marks, structure
from curator.tui.saving import on_disk, save
from curator.tui.screens.compare import CompareScreen
from curator.tui.screens.dialogs import ConflictScreen, LeaveScreen
from curator.tui.screens.files import FilesScreen
from curator.tui.screens.variant import VariantScreen
from curator.tui.shown import expected_title, merged, one_line, shown, to_write
from curator.tui.signs import counted
from curator.tui.state import Changed, Known, Left, Open, Saved
from curator.tui.widgets.editor import CodeEditor, TextEditor
from curator.tui.widgets.form import FrontMatterForm
from curator.tui.widgets.line import Line
from curator.tui.widgets.preview import Preview
from curator.tui.widgets.problems import Problems
from curator.tui.widgets.program import Program
from curator.tui.widgets.similar import Similar

# A pause in typing this long is worth a check; the check itself takes less.
PAUSE_S = 0.25
# How far the journal may be behind.
JOURNAL_S = 0.5
# How often the file is looked at for changes by others.
WATCH_S = 2.0

ORIGIN_SOURCE = "source"


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
        "it works under Text (F4), the whole file under Source (F5). Preview (F6) is the page as readers see it; F6 "
        "again is what the model will see. Similar (F7) is what the corpus already has. Problems are listed below as "
        "you pause; F8 goes to the next one. ctrl+g takes the generation the code suggests, ctrl+n has the files of "
        "the program. ctrl+s saves, ctrl+t takes the last save back. In an editor Tab indents, Escape leaves it, "
        "ctrl+z undoes.\n"
    )
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (104, "-wide"), (160, "-very-wide")]  # noqa: RUF012

    BINDINGS: ClassVar[list[BindingType]] = bindings("edit")

    def __init__(self, known: Known, opened: Opened) -> None:
        super().__init__()
        self.known = known
        self.file = opened.path
        self.topic = opened.topic or (opened.path.parent.name if opened.path else "")
        self.base = opened.base
        self.clean = opened.clean
        self.keeper = DraftKeeper(opened.journal, known.root.as_posix())
        self.counter = TokenCounter()
        self.example = Example("", "")
        self.findings = live.Findings(judge="…")
        self.suggestions: list[suggest.Suggestion] = []
        self._passages: dict[str, str] = {}
        self._disk_changed = False
        self._regions: list[Region] = []
        self._structure: tuple[object, ...] = ()
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
                    yield Program(id="blocks")
                with TabPane("Text F4", id="texts"):
                    yield Label("", id="expected-label", classes="part-label")
                    yield TextEditor(id="expected", show_line_numbers=False, soft_wrap=True)
                    yield Label("Explanation: how it works, and why it is written this way", classes="part-label")
                    yield TextEditor(id="explanation", show_line_numbers=False, soft_wrap=True)
                with TabPane("Source F5", id="source"):
                    yield CodeEditor(id="source-text")
                with TabPane("Preview F6", id="preview"):
                    yield Preview(id="preview-parts")
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

    def on_unmount(self) -> None:
        """The tokenizer's process has nobody to answer any more."""
        self.counter.close()

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
        self.keeper.go_on()  # leaving was called off
        self._adopt(text)
        if structure(self.example) != self._structure and not isinstance(origin, Region):
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
        self._structure = structure(self.example)
        editors: list[TextEditor] = [*await self.query_one("#blocks", Program).lay_out(self.example)]
        title = expected_title(self.example)
        what = "what is printed" if title.endswith("Output") else "what the user sees and can do"
        self.query_one("#expected-label", Label).update(f"{title}: {what}")
        self._regions = [Region(editor, self.example, index) for index, editor in enumerate(editors)]
        for id, section in (("#expected", title), ("#explanation", "Explanation")):
            self._regions.append(Region(self.query_one(id, TextEditor), self.example, title=section))
        for region in self._regions:
            region.fill()

    def _show(self, origin: Region | str | None) -> None:
        """Bring every part up to date, the one that was typed into excepted."""
        self._show_title()
        form = self.query_one("#form", FrontMatterForm)
        form.show(self.example, self.topic, self.file is not None, to_write(self.example))
        for region in self._regions:
            if region is not origin:
                region.follow(self.example)
            block = region.block_in(self.example)
            if block:
                region.editor.line_number_start = block.first_line
        self._show_view(origin)

    def _show_view(self, origin: Region | str | None = None) -> None:
        """The views that are filled only while they are looked at."""
        active = self.query_one("#views", TabbedContent).active
        if active == "source" and origin != ORIGIN_SOURCE:
            source = self.query_one("#source-text", CodeEditor)
            source.show(self.text)
            self._source_pulled, self._source_anchor = source.text, self.text
        if active == "source":
            self.query_one("#source-text", CodeEditor).colour_rows(code_rows(self.example))
            self._mark()
        if active == "preview":
            self.run_worker(self._show_preview(), group="preview", exclusive=True)

    async def _show_preview(self) -> None:
        preview, conversations = self.query_one(Preview), chatml.conversations(self.example)
        await preview.show(self.example, conversations)
        if conversations:
            preview.count(await self.counter.count(conversations[0].messages))

    def _show_title(self) -> None:
        state = "new, not saved" if self.file is None else ("changed" if self.dirty else "saved")
        parts: list[Any] = [(one_line(self.example_name), "bold"), f"   {state}"]
        if self._disk_changed:
            parts.append(("   ▲ changed on disk by somebody else: ctrl+s shows both", "$text-warning"))
        if self.keeper.error:
            parts.append((f"   ● draft not kept: {self.keeper.error}", "$text-error"))
        wrong = [s for s in self.suggestions if not s.agrees]
        if wrong:
            parts.append((f"   ▲ ctrl+g: {wrong[0].suggested}?", "$text-warning"))
        near = self._unwanted()
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

    @on(Similar.VariantWanted)
    def _variant_wanted(self, event: Similar.VariantWanted) -> None:
        self._ask_variant(event.neighbour.path)

    def action_view(self, view: str) -> None:
        """Show one of the views and put the cursor into it; the preview again is its other side."""
        views = self.query_one("#views", TabbedContent)
        if view == "preview" and views.active == view and not self.has_class("-form"):
            self.query_one(Preview).turn_over()
        self.remove_class("-form")
        views.active = view
        self._show_view()
        pane = self.query_one(f"#views #{view}", TabPane)
        current = pane.query(".-current CodeEditor") or pane.query("TextEditor, Preview > .-front, #similar-list")
        if current and not pane.has_focus_within:
            self.set_focus(current.first())  # at once: `focus()` would wait behind the letters typed meanwhile

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

    async def action_external(self) -> None:
        """Open the text with the cursor in the author's own editor; what comes back is one edit."""
        from curator.tui import external

        view = self.query_one("#views", TabbedContent).active
        inside = self.query(f"#views #{view} TextEditor").results(TextEditor)
        editor = self.focused if isinstance(self.focused, TextEditor) else next(iter(inside), None)
        if editor is None:
            self.notify("There is no text here: go to Code, Text or Source first.", severity="warning", markup=False)
            return
        is_code = isinstance(editor, CodeEditor) and editor.id != "source-text"
        try:
            command = external.command()
            await self._journal()  # while the other editor runs, nothing here does
            with self.app.suspend():
                text = external.edited(editor.text, ".bbj" if is_code else ".md", command)
        except SuspendNotSupported:
            self.notify("There is no terminal here for another editor.", severity="warning", markup=False)
        except CuratorError as error:
            self.notify(one_line(str(error)), severity="error", markup=False, timeout=15)
        else:
            editor.show(text)
            editor.focus()

    async def action_files(self) -> None:
        """Add, name or remove a file of the program."""
        await self.pull()
        if not self.example.bbj_blocks:
            await self.change(files.with_file(self.example))
            self.action_view("code")
        else:
            self._ask_files()

    @work(exclusive=True, group="files")
    async def _ask_files(self) -> None:
        chosen = next((r.index for r in self._regions if r.index is not None and r.editor.has_focus), 0)
        text = await self.app.push_screen_wait(FilesScreen(self.example, chosen))
        if text is not None:
            await self.change(text)
            self.action_view("code")

    async def action_suggested(self) -> None:
        """Take the generation that the code asks for."""
        await self.pull()
        found = suggest.suggestions(self.example)
        if not found:
            self.notify("There is no code yet to tell a generation from.", markup=False)
            return
        await self.change(suggest.taken(self.example, found))
        for one in found:
            self.notify(f"{one.key}: {one.suggested} ({one.evidence})", markup=False)

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
            disk, verb = on_disk(path), "saved"
            if disk != self.base:
                answer = await self.app.push_screen_wait(ConflictScreen(self.example_name, self.text, disk))
                if answer == "theirs" and disk is not None:
                    await self._take_theirs(disk)
                if answer != "mine":
                    return False
                verb = "overwrote"
            unkept = await asyncio.to_thread(save, path, self.text, self.known.log, verb)
        except CuratorError as error:
            self.notify(f"Not saved. {error}", severity="error", markup=False, timeout=10)
            return False
        self.file, self.base, self.clean, self._disk_changed = path, self.text, self.text, False
        self._adopt(self.text)
        await self.keeper.forget()
        self.post_message(Saved(self.example))
        self._show(None)
        bad = [d for d in self.findings.diagnostics if d.severity is Severity.ERROR]
        where = f"{self.known.root.name}/{self.example_name}"
        if bad:
            self.notify(f"Saved {where}, with {counted(bad)}. F8 goes there.", severity="warning", markup=False)
        else:
            self.notify(f"Saved {where}. ctrl+t takes it back.", markup=False)
        if unkept:
            self.notify(f"What the file held before cannot be had back: {unkept}", severity="warning", markup=False)
        return True

    @work(exclusive=True, group="save")
    async def action_take_back(self) -> None:
        """Take back what was done last to the corpus: a save, an overwrite, a deletion, a review."""
        last = await asyncio.to_thread(self.known.log.last)
        if last is None:
            self.notify("Nothing was saved or deleted in this session. ctrl+z undoes typing.", markup=False)
            return
        try:
            said = await asyncio.to_thread(self.known.log.undo, last)
        except CuratorError as error:
            self.notify(str(error), severity="error", markup=False, timeout=10)
            return
        if self.file is not None and last.path == self.file.as_posix():  # the text stays here, and is unsaved again
            self.base = self.clean = on_disk(self.file)
            if self.base is None:
                self.file = None
            self._adopt(self.text)
            self._show(None)
            said += "; your text is still here, unsaved"
        self.post_message(Changed(last.path))
        self.notify(f"{said[:1].upper()}{said[1:]}.", markup=False)

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
            await self.keeper.forget(for_good=True)
            return True
        answer = await self.app.push_screen_wait(LeaveScreen(self.example.title or self.example_name))
        if answer == "save":
            return await self.save()
        if answer == "keep":
            await self._journal()
            if self.keeper.error:
                self.notify(f"The draft cannot be kept: {self.keeper.error}.", severity="error", markup=False)
                return False
            self.keeper.let_go()
            return True
        if answer == "discard":
            await self.keeper.forget(for_good=True)
            return True
        return False

    async def _keep_journal(self) -> None:
        """Bring the draft on disk up to date, in a worker."""
        await self.pull()
        if not self.keeper.busy:
            self._write_journal()

    @work(group="journal")
    async def _write_journal(self) -> None:
        await self._journal()

    async def _journal(self) -> None:
        before = self.keeper.error
        path = self.file.as_posix() if self.file else ""
        await self.keeper.keep(self.text, self.dirty, path, self.topic, self.base)
        if self.keeper.error != before and self.is_mounted:
            self._show_title()

    @work(group="watch", exclusive=True)
    async def _watch_file(self) -> None:
        """Say so if somebody else changed the file; saving will ask."""
        if self.file is None:
            return
        base = self.base
        changed = await asyncio.to_thread(on_disk, self.file) != base
        if base == self.base and changed != self._disk_changed:
            self._disk_changed = changed
            self._show_title()

    # ------------------------------------------------------------------ checks

    @work(exclusive=True, group="check")
    async def _check(self) -> None:
        """Wait for a pause, check, then ask the compiler. A newer call ends an older one, compiler and all."""
        await asyncio.sleep(PAUSE_S)
        example, known = self.example, self.known
        findings = await asyncio.to_thread(live.quick, example, known.index, known.examples)
        self.suggestions = await asyncio.to_thread(suggest.suggestions, example)
        self._passages = await asyncio.to_thread(live.passages, example, findings.neighbours, known.examples)
        compiler = await asyncio.to_thread(live.has_compiler)
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
        self.query_one("#form", FrontMatterForm).suggest(self.suggestions)
        others = {n.path: known for n in findings.neighbours if (known := self.known.examples.get(n.path))}
        ready = self.known.index is not None
        self.query_one("#similar-view", Similar).show(self.example, findings.neighbours, others, self._passages, ready)
        tab = self.query_one("#views", TabbedContent).get_tab("similar")
        near = len(self._unwanted())
        label = f"Similar F7 ▲{near}" if near else "Similar F7"
        if str(tab.label) != label:
            tab.label = label
        self._show_title()

    def _unwanted(self) -> list[Neighbour]:
        """The near-duplicates that nobody said are wanted."""
        return [n for n in self.findings.neighbours if live.is_near_duplicate(self.example, n, self.known.examples)]

    def _mark(self) -> None:
        """Put the problems where they are: gutters, underlines, labels of the form."""
        diagnostics = self.findings.diagnostics
        for region in self._regions:
            block = region.block_in(self.example)
            if block and isinstance(region.editor, CodeEditor):
                region.editor.mark(marks(diagnostics, block.first_line, last_row(block)))
        self.query_one("#source-text", CodeEditor).mark(marks(diagnostics, 1, self.text.count("\n") + 1))
        lines = {d.line for d in diagnostics}
        keys = {key for key, place in self.example.keys.items() if place.line in lines and place.line > 1}
        self.query_one("#form", FrontMatterForm).mark(keys)

    def _go_to(self, diagnostic: Diagnostic) -> None:
        line, column = diagnostic.line, diagnostic.column - 1
        for region in self._regions:
            block = region.block_in(self.example)
            if block and block.first_line <= line <= last_row(block):
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
        answer = await self.app.push_screen_wait(CompareScreen(self.example, other))
        if answer == "open":
            self.post_message(Open(path))
        elif answer == "variant":
            self._ask_variant(path)

    @work(exclusive=True, group="variant")
    async def _ask_variant(self, path: str) -> None:
        """Note that the draft is a wanted variant of that example, or that it is not any more."""
        id = chatml.example_id(path)
        await self.pull()
        if id in variant.originals(self.example.meta):
            await self.change(variant.not_variant(self.example, id))
            return
        note = await self.app.push_screen_wait(VariantScreen(id, str(self.example.meta.get(variant.NOTE) or "")))
        if note is not None:
            await self.change(variant.as_variant(self.example, id, note))
