"""Text of an example on its way to the screen and back.

An example may hold anything, so nothing of it reaches the terminal as it is: control characters become pictures of
themselves, one for one. Because positions stay the same, an edit made on the screen can be carried into the raw text
without touching a character that was not edited.
"""

from collections.abc import Callable

from curator.example import Example
from curator.templates import PLACEHOLDER

# A picture for each character that a terminal acts upon, or that an editor takes for a line end. \t and \n stay.
_PICTURES = {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\t\n"}
_PICTURES[0x7F] = 0x2421
# C1 controls, Unicode line ends, and marks that turn the reading direction: whoever reviews must see them.
_UNSEEN = [*range(0x80, 0xA0), 0x2028, 0x2029, 0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
_PICTURES |= dict.fromkeys(_UNSEEN, 0xFFFD)


def shown(text: str) -> str:
    """The text as a terminal may have it: LF line ends, control characters as pictures."""
    return text.replace("\r\n", "\n").translate(_PICTURES)


def one_line(text: str) -> str:
    """The text as one line for a table or a title."""
    return shown(" ".join(text.split()))


def merged(raw: str, before: str, after: str) -> str:
    """`raw` with the edit that turned `before` into `after`, where `before` is `shown(raw)` with or without a line end.

    Only the characters between the common beginning and the common end are new; they get the line ends of `raw`.
    """
    start, end = common_ends(before, after)
    new = after[start : len(after) - end]
    if "\r\n" in raw:
        new = new.replace("\n", "\r\n")
    return raw[: _raw_offset(raw, start)] + new + raw[_raw_offset(raw, len(before) - end) :]


def common_ends(before: str, after: str) -> tuple[int, int]:
    """How many characters two texts share at the beginning and, of the rest, at the end."""
    shorter = min(len(before), len(after))
    start = _longest(lambda at, n: before[at:n] == after[at:n], shorter)
    back, front = len(before), len(after)
    end = _longest(lambda at, n: before[back - n : back - at] == after[front - n : front - at], shorter - start)
    return start, end


def _longest(same: Callable[[int, int], bool], most: int) -> int:
    """The greatest n up to `most` for which all before n is the same; by bisection, since slices compare fast."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if same(low, middle) else (low, middle - 1)
    return low


def _raw_offset(raw: str, offset: int) -> int:
    """Where the character that is shown at `offset` stands in `raw`, in which a line end may take two."""
    at = raw.find("\r\n")
    while -1 < at < offset:
        offset += 1
        at = raw.find("\r\n", at + 2)
    return offset


def code_shown(raw: str) -> str:
    """A code block as an editor shows it: without its final line end."""
    return shown(raw).removesuffix("\n")


def expected_title(example: Example) -> str:
    """The heading the example uses, or should use, for what the program shows."""
    for title in ("Expected Output", "Expected Behavior"):
        if example.section(title):
            return title
    console = set(example.generations) <= {"all", "character"}
    return "Expected Output" if console else "Expected Behavior"


def to_write(example: Example) -> str:
    """What still stands there from the template, in a few words with the key to get there."""
    places = [("description F2", str(example.meta.get("description") or ""))]
    title = expected_title(example)
    places += [("output F4" if title.endswith("Output") else "behavior F4", example.prose(title))]
    places += [("explanation F4", example.prose("Explanation"))]
    left = [name for name, text in places if PLACEHOLDER in text]
    return f"{PLACEHOLDER} " + ", ".join(left) if left else ""
