"""The author's own settings: keys and colours, in a TOML file that bbj-curator reads and never writes.

A file that names an unknown action or key, or gives one key to two actions that meet, is refused at the start with the
line, both actions and what to do: a key that does something else than it says is worse than no start. No Textual here.
Try it: `bbj-curator --keys`
"""

import os
import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from platformdirs import user_config_path

from curator.editing.drafts import draft_folder
from curator.errors import CuratorError
from curator.tui.actions import ACTIONS, BY_ID, PLACES, Action

# Set it to keep the settings elsewhere (tests do).
FOLDER_VARIABLE = "BBJ_CURATOR_CONFIG"

_WRITING = (
    "enter",
    "tab",
    "space",
    "backspace",
    "delete",
    "home",
    "end",
    "pageup",
    "pagedown",
    "up",
    "down",
    "left",
    "right",
)
_NAMED = frozenset([*_WRITING, "escape", "insert", *(f"f{number}" for number in range(1, 25))])
_MODIFIERS = ("ctrl", "alt", "shift", "super")
# What one character is called as a key, where that is not its Unicode name.
_CHARACTERS = {"/": "slash", "\\": "backslash", "@": "at", "-": "minus", "+": "plus", "_": "underscore"}
_UNICODE = {name: char for char, name in _CHARACTERS.items()}
# A terminal sends the same for both, so the second would never arrive.
_SAME = {
    "ctrl+i": "tab",
    "ctrl+m": "enter",
    "ctrl+left_square_bracket": "escape",
    "ctrl+j": "enter",
    "ctrl+h": "backspace",
}
# Keys that write or move in an editor: an action that goes before the editor must leave them alone.
_EDITING = frozenset(_WRITING)


@dataclass(frozen=True)
class Settings:
    """`keys`: id of an action -> its keys, with commas between, where they differ from its own. `theme`: "" if free."""

    keys: Mapping[str, str] = field(default_factory=dict)
    theme: str = ""
    path: Path = Path()


def config_path() -> Path:
    """The file with the settings on this system."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    return (Path(chosen) if chosen else user_config_path("bbj-curator", appauthor=False)) / "config.toml"


def load(path: Path | None = None) -> Settings:
    """The settings; none if there is no file. Raises CuratorError for a file that cannot be followed."""
    path = path or config_path()
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return Settings(path=path)
    except (OSError, UnicodeDecodeError) as error:
        raise CuratorError(f"{path}: cannot be read: {error}; save it as UTF-8, or take it away") from error
    return parse(text, path)


def parse(text: str, path: Path) -> Settings:
    """The settings in a text. Raises CuratorError with file, line and cure."""
    try:
        read = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CuratorError(f"{path}: is no TOML: {error}; bbj-curator --keys prints a file that is") from error
    for name in read:
        if name not in ("keys", "theme"):
            raise CuratorError(f'{path}:{_line(text, name)}: unknown setting "{name}"; there are keys and theme')
    theme, table = read.get("theme", ""), read.get("keys", {})
    if not isinstance(theme, str) or not isinstance(table, dict):
        raise CuratorError(f'{path}: write theme = "name", and the keys below a line that says [keys]')
    keys = {id: _keys_of(id, value, f"{path}:{_line(text, id)}") for id, value in _flat(table)}
    _refuse_clashes(keys, text, path)
    own = {id: ",".join(chosen) for id, chosen in keys.items() if chosen != _split(BY_ID[id].keys)}
    return Settings(own, theme, path)


def effective(settings: Settings) -> dict[str, str]:
    """The keys of every action, as they work now."""
    return {action.id: settings.keys.get(action.id, action.keys) for action in ACTIONS}


def as_toml(settings: Settings) -> str:
    """All keys as they work now, as a file that is ready to be saved and changed."""
    lines = [
        f"# The keys of bbj-curator. Save this as {settings.path or config_path()},",
        "# change what you like, leave out what you do not. Several keys: with commas between.",
        f'theme = "{settings.theme}"' if settings.theme else '# theme = "high-contrast"   # any name that F12 offers',
        "",
        "[keys]",
    ]
    keys = effective(settings)
    for place, (name, _) in PLACES.items():
        lines += ["", f"# {name}"]
        for action in ACTIONS:
            if action.place == place:
                off = "# " if action.fixed else ""
                why = "; it always has this key" if action.fixed else ""
                lines.append(f'{off}"{action.id}" = "{keys[action.id]}"  # {action.label}: {action.help}{why}')
    return "\n".join(lines) + "\n"


def clashes(keys: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[Action, Action, str]]:
    """Pairs of actions that have a key in common and can be meant at the same time."""
    for number, one in enumerate(ACTIONS):
        for other in ACTIONS[number + 1 :]:
            common = [key for key in keys[one.id] if key in keys[other.id]]
            if common and _meet(one.place, other.place):
                yield one, other, common[0]


def remembered_theme() -> str:
    """The colours chosen last, "" if none were."""
    try:
        return _theme_file().read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def remember_theme(name: str) -> None:
    """Keep the choice for the next start. Raises OSError."""
    path = _theme_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(name, "utf-8")


def _theme_file() -> Path:
    return draft_folder().parent / "theme"


def _flat(table: Mapping[str, object], before: str = "") -> Iterator[tuple[str, object]]:
    """`edit.save = ...` without quotes makes tables in tables; both spellings mean the same."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def _keys_of(id: str, value: object, where: str) -> tuple[str, ...]:
    if id not in BY_ID:
        near = _nearest(id)
        raise CuratorError(f'{where}: there is no action "{id}"; did you mean "{near}"? bbj-curator --keys lists them')
    action = BY_ID[id]
    if not isinstance(value, str) or not value.strip():
        raise CuratorError(f'{where}: "{id}" needs a key between quotes, such as "{action.keys}"')
    keys = tuple(_key(part, where) for part in _split(value))
    if action.fixed and keys != _split(action.keys):
        raise CuratorError(f'{where}: "{id}" ({action.label}) always has {action.keys}; take the line away')
    for key in set(keys) - set(_split(action.keys)):
        if action.priority and (len(_without_shift(key)) == 1 or _is_character(key) or _without_shift(key) in _EDITING):
            raise CuratorError(
                f'{where}: {key} is needed to write, and "{id}" ({action.label}) would take it from the editor; '
                "choose a function key, or one with ctrl or alt"
            )
    return keys


def _key(written: str, where: str) -> str:
    """A key as Textual names it. Raises CuratorError if there is none of that name."""
    *modifiers, base = written.strip().split("+") if len(written.strip()) > 1 else [written.strip()]
    base = base if len(base) == 1 else base.lower()
    modifiers = sorted(modifier.lower() for modifier in modifiers)
    if len(base) == 1 and not base.isalnum():
        base = _CHARACTERS.get(base) or unicodedata.name(base, "").lower().replace("-", "_").replace(" ", "_")
    known = base and (base in _NAMED or len(base) == 1 or _is_character(base))
    if not known or any(modifier not in _MODIFIERS for modifier in modifiers):
        raise CuratorError(f'{where}: there is no key "{written}"; write one such as f5, ctrl+g, alt+n, escape or /')
    key = "+".join([*modifiers, base.lower() if modifiers else base])
    if key in _SAME:
        raise CuratorError(f"{where}: a terminal sends the same for {key} and {_SAME[key]}; choose another key")
    return key


def _is_character(name: str) -> bool:
    try:
        return name in _UNICODE or bool(unicodedata.lookup(name.replace("_", " ")))
    except KeyError:
        pass
    try:  # "HYPHEN-MINUS" and the like
        return bool(unicodedata.lookup(name.replace("_", "-")))
    except KeyError:
        return False


def _refuse_clashes(keys: Mapping[str, tuple[str, ...]], text: str, path: Path) -> None:
    now = {action.id: keys.get(action.id, _split(action.keys)) for action in ACTIONS}
    for one, other, key in clashes(now):
        here = [action for action in (one, other) if action.id in keys]
        line = max((_line(text, action.id) for action in here), default=1)
        raise CuratorError(
            f'{path}:{line}: {key} is both "{one.id}" ({one.label}) and "{other.id}" ({other.label}); '
            "give one of them another key"
        )


def _meet(one: str, other: str) -> bool:
    return one == other or one in PLACES[other][1] or other in PLACES[one][1]


def _split(keys: str) -> tuple[str, ...]:
    """Keys with commas between; a comma itself is called `comma`."""
    return tuple(key.strip() for key in keys.split(",") if key.strip())


def _without_shift(key: str) -> str:
    return key.removeprefix("shift+")


def _nearest(id: str) -> str:
    from difflib import get_close_matches

    return next(iter(get_close_matches(id, BY_ID, 1, 0)))


def _line(text: str, name: str) -> int:
    """The line that sets a name, or its last part below a table; 1 if it cannot be told."""
    last = re.escape(name.rpartition(".")[2])
    pattern = rf"""\s*(?:["']?{re.escape(name)}["']?|["']?{last}["']?)\s*=|\s*\[{re.escape(name)}\]"""
    exact = re.compile(rf"""\s*["']?{re.escape(name)}["']?\s*=""")
    lines = text.splitlines()
    return next((n for n, line in enumerate(lines, 1) if exact.match(line)),
                next((n for n, line in enumerate(lines, 1) if re.match(pattern, line)), 1))  # fmt: skip
