"""The one table of everything an author can do: keys, footer, help, palette, key file and docs are made from it.

Each row also says how the same is done from a shell, since a screen reader cannot read this kind of screen; where
nothing is done to a file, the reason stands there in brackets. No Textual here: `bbj-curator --keys` prints the table
and a key file is checked before the app opens. `curator.tui.bindings` makes Textual's bindings of the rows.
To add an action: a row here, an `action_...` method on the screen, `python docs/generate.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Action:
    """Something an author can do in a place.

    Attributes:
        id: names it in the key file; what stands before the dot is the place.
        keys: the keys it has by itself, with commas between.
        action: the method, as Textual writes it: `save`, `view('code')`.
        label: one to three words for footer and palette.
        help: what it does, in a sentence.
        shell: the command that does the same, or in brackets why there is none.
        footer: False if there is no room for it in the footer; help and palette list it all the same.
        priority: True if it goes before what the focused widget does with the key; such keys must not be letters.
        fixed: True if it cannot be given another key.
        display: how the key is written, if its name would not be understood.
    """

    id: str
    keys: str
    action: str
    label: str
    help: str
    shell: str
    footer: bool = True
    priority: bool = False
    fixed: bool = False
    display: str | None = None

    @property
    def place(self) -> str:
        """Where it works: one of PLACES."""
        return self.id.split(".")[0]


# Place -> its name for a reader, and the places around it whose keys work there too.
PLACES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "app": ("Everywhere", ()),
    "home": ("Home screen", ("app",)),
    "table": ("Tables of the home screen", ("home", "app")),
    "edit": ("Edit screen", ("app",)),
    "editor": ("In an editor", ("edit", "app")),
    "new": ("New example", ("app",)),
    "import": ("Import", ("app",)),
    "compare": ("Side by side", ("app",)),
    "similar": ("List of similar examples", ("edit", "app")),
    "files": ("Files of a program", ("app",)),
    "variant": ("A wanted variant", ("app",)),
    "review": ("Review", ("app",)),
    "say": ("Reason or comment", ("app",)),
    "sample": ("Sample to label", ("app",)),
    "label": ("Blind label", ("app",)),
    "drafts": ("Drafts", ("app",)),
    "dialog": ("Questions", ("app",)),
    "help": ("Help", ("app",)),
}

_MOVES = "(moves on the screen)"
_ANY_EDITOR = "any editor, then: curator validate FILE"

ACTIONS = (
    Action("app.quit", "ctrl+q", "quit", "Quit", "Leave; examples with unsaved changes are asked about.",
           "(ends the app)", priority=True, fixed=True),
    Action("app.help", "f1", "help", "Help", "What the place you are in is for, and its keys.",
           "curator --help", priority=True),
    Action("app.palette", "ctrl+p", "command_palette", "Actions", "Find any action by its name.",
           "curator --help", footer=False, priority=True),
    Action("app.theme", "f12", "choose_theme", "Colours", "Choose the colours; the choice is remembered.",
           "bbj-curator --theme NAME", footer=False, priority=True),

    Action("home.new", "n", "new", "New", "Begin an example with the labels the filters have.", "curator new"),
    Action("home.import", "i", "import", "Import", "Make an example of a .bbj file or of pasted code.",
           "curator import FILE.bbj"),
    Action("home.search", "slash", "search", "Search", "Go to the search box.", "(grep -ril WORD FOLDER)", display="/"),
    Action("home.write-next", "w", "write_next", "Fill a gap", "Begin an example for the emptiest labels.",
           "curator stats"),
    Action("home.review", "v", "review", "Review", "Review what is proposed of the examples shown; with a state in the "
           "filters, all that are shown.", "curator review approve EXAMPLE"),
    Action("home.propose", "p", "propose", "Propose", "Say that the chosen example is ready to be reviewed.",
           "curator review propose EXAMPLE", footer=False),
    Action("home.label", "b", "label", "Label blind", "Label the generation of a sample without seeing the label.",
           "curator review label", footer=False),
    Action("home.delete", "delete", "delete", "Delete", "Delete the chosen example; ctrl+z brings it back.",
           "curator delete FILE", footer=False),
    Action("home.take-back", "ctrl+z,ctrl+t", "take_back", "Take back", "Take back the last save, deletion or review "
           "of this session.", "curator undo", footer=False),
    Action("home.drafts", "d", "drafts", "Drafts", "Open or throw away what an earlier session left unsaved.",
           "curator drafts", footer=False),
    Action("home.coverage", "c", "coverage", "Coverage", "The counts by label, with the gaps; and back.",
           "curator stats", footer=False),
    Action("home.reload", "r", "reload", "Read again", "Read the corpus from disk once more.",
           "(a command reads the corpus each time)", footer=False),
    Action("home.clear", "escape", "clear", "Clear filters", "Take search and filters away.", _MOVES, footer=False),
    Action("table.open", "enter", "select_cursor", "Open", "Open the chosen example, or begin one with the labels "
           "of the chosen cell.", _ANY_EDITOR),

    Action("edit.save", "ctrl+s", "save", "Save", "Write the example into the corpus.", _ANY_EDITOR, priority=True),
    Action("edit.labels", "f2", "labels", "Labels", "Go to the form; on a narrow screen, and back.",
           _ANY_EDITOR, priority=True),
    Action("edit.next-problem", "f8", "problem(1)", "Next problem", "Put the cursor where the next problem is.",
           "curator validate FILE", priority=True),
    Action("edit.back", "escape", "back", "Back", "Out of an editor, then home; unsaved changes are asked about.",
           _MOVES),
    Action("edit.code", "f3", "view('code')", "Code", "Show the program.", _ANY_EDITOR, footer=False, priority=True),
    Action("edit.texts", "f4", "view('texts')", "Text", "Show what is printed or seen, and the explanation.",
           _ANY_EDITOR, footer=False, priority=True),
    Action("edit.source", "f5", "view('source')", "Source", "Show the whole file as it will be written.",
           _ANY_EDITOR, footer=False, priority=True),
    # F6 and F7 select a line and all in a TextArea; here they are the last two views, and ctrl+a selects all
    Action("edit.preview", "f6", "view('preview')", "Preview", "Show the page as readers see it; again: the "
           "conversation the model is trained on.", "curator convert FOLDER --out DATASET", footer=False,
           priority=True),
    Action("edit.similar", "f7", "view('similar')", "Similar", "Show what the corpus has that is like it.",
           "curator similar FILE", footer=False, priority=True),
    Action("edit.external", "f9", "external", "Your editor", "Open this text in $VISUAL or $EDITOR; what comes back is "
           "one edit that ctrl+z takes back.", _ANY_EDITOR, footer=False, priority=True),
    Action("edit.last-problem", "shift+f8", "problem(-1)", "Last problem", "Put the cursor on the problem before.",
           "curator validate FILE", footer=False, priority=True),
    Action("edit.problems", "ctrl+l", "problems", "List of problems", "Go to the list of problems.",
           "curator validate FILE", footer=False, priority=True),
    Action("edit.files", "ctrl+n", "files", "Files", "Add, name or remove a file of the program; the first one, if "
           "there is none.", _ANY_EDITOR, footer=False, priority=True),
    Action("edit.suggested", "ctrl+g", "suggested", "Take the suggested generation", "Set the labels to the generation "
           "that the code asks for.", "curator validate FILE", footer=False, priority=True),
    Action("edit.take-back", "ctrl+t", "take_back", "Take back", "Take back the last save, deletion or review of this "
           "session; the text in the editors stays.", "curator undo", footer=False, priority=True),
    Action("edit.next-example", "ctrl+r", "next_example", "Next example", "Open the next one of the home list.",
           _MOVES, footer=False, priority=True),

    Action("editor.select-all", "ctrl+a", "select_all", "Select all", "Select the whole text.", _MOVES, footer=False),
    Action("editor.undo", "ctrl+z", "undo", "Undo", "Take the last edit back.", _ANY_EDITOR, footer=False),
    Action("editor.redo", "ctrl+y", "redo", "Redo", "Make the edit again that was taken back.", _ANY_EDITOR,
           footer=False),

    Action("new.create", "ctrl+s", "create", "Create", "Begin the example.", "curator new", priority=True),
    Action("new.cancel", "escape", "cancel", "Cancel", "Begin nothing.", _MOVES),
    Action("import.open", "ctrl+s", "open", "Open as a draft", "Make an example of it and open it; nothing is written "
           "yet.", "curator import FILE.bbj", priority=True),
    Action("import.clipboard", "f3", "clipboard", "Clipboard", "Take what the clipboard holds.",
           "curator import --clipboard", priority=True),
    Action("import.cancel", "escape", "cancel", "Cancel", "Import nothing.", _MOVES),
    Action("compare.open", "o", "answer('open')", "Open it", "Open the other example.", _ANY_EDITOR),
    Action("compare.variant", "v", "answer('variant')", "Mine is a variant", "Note why a near-duplicate is wanted.",
           _ANY_EDITOR),
    Action("compare.marks", "m", "marks", "Mark shared words", "Mark the words that make the score, or what differs.",
           "curator dedupe FOLDER"),
    Action("compare.back", "escape", "answer('back')", "Back", "Back to yours.", _MOVES),
    Action("similar.variant", "v", "variant", "A wanted variant", "Note why the chosen near-duplicate is wanted, or "
           "take the note back.", _ANY_EDITOR, footer=False),
    Action("files.add", "enter", "add", "Add", "Add a file of that name below the chosen one.", _ANY_EDITOR,
           footer=False),
    Action("files.name", "ctrl+r", "name", "Name", "Give the chosen file that name.", _ANY_EDITOR, priority=True),
    Action("files.remove", "ctrl+d", "remove", "Remove", "Take the chosen file out of the example.", _ANY_EDITOR,
           priority=True),
    Action("files.cancel", "escape", "cancel", "Cancel", "Change nothing.", _MOVES),
    Action("variant.cancel", "escape", "cancel", "Cancel", "It is no variant.", _MOVES),
    Action("review.approve", "a", "decide('approved')", "Approve", "Approve it and go to the next one.",
           "curator review approve EXAMPLE"),
    Action("review.reject", "x", "ask('rejected')", "Reject", "Reject it with a reason and go to the next one.",
           "curator review reject EXAMPLE --reason TEXT"),
    Action("review.comment", "c", "ask('comment')", "Comment", "Say something without deciding.",
           "curator review comment EXAMPLE TEXT"),
    Action("review.next", "n,right,l", "step(1)", "Next", "Go to the next one without deciding.",
           "curator review list --state proposed"),
    Action("review.previous", "p,left,h", "step(-1)", "Back one", "Go to the one before.",
           "curator review list --state proposed", footer=False),
    Action("review.draft", "d", "decide('draft')", "To draft", "Take it back to draft: it is not ready.",
           "curator review draft EXAMPLE", footer=False),
    Action("review.edit", "e", "edit", "Edit", "Open it in the editor.", _ANY_EDITOR),
    Action("review.take-back", "ctrl+z,ctrl+t", "take_back", "Take back", "Take back what was decided last here.",
           "curator undo", footer=False),
    Action("review.back", "escape", "leave", "Home", "Back to the home screen.", _MOVES),
    Action("label.save", "enter", "save", "Save, next", "Write your label down and go to the next one.",
           "curator review label EXAMPLE --generation WORD", priority=True),
    Action("label.skip", "s", "skip", "Skip", "Go to the next one without a label.", "curator review label"),
    Action("label.take-back", "ctrl+z,ctrl+t", "take_back", "Take back", "Take back the last label of this session.",
           "curator undo"),
    Action("label.back", "escape", "leave", "Home", "Back to the home screen; the rest waits for you.", _MOVES),
    Action("say.send", "ctrl+s", "send", "Send", "Say it.", "curator review comment EXAMPLE TEXT", priority=True),
    Action("say.cancel", "escape", "cancel", "Cancel", "Say nothing.", _MOVES),
    Action("sample.begin", "ctrl+s", "begin", "Begin", "Draw the sample.", "curator review sample", priority=True),
    Action("sample.cancel", "escape", "cancel", "Cancel", "Label nothing.", _MOVES),
    Action("drafts.discard", "delete,d", "discard", "Throw away", "Delete the chosen draft for good.",
           "curator drafts --discard ID"),
    Action("drafts.back", "escape", "leave", "Back", "Leave the drafts as they are.", _MOVES),
    Action("dialog.cancel", "escape", "dismiss_with('cancel')", "Cancel", "Do nothing.", _MOVES),
    Action("help.back", "escape", "leave", "Back", "Close the help.", _MOVES),
)  # fmt: skip

BY_ID = {action.id: action for action in ACTIONS}


def of_place(place: str) -> tuple[Action, ...]:
    """The actions of one place, in the order of the table."""
    assert place in PLACES, place
    return tuple(action for action in ACTIONS if action.place == place)
