"""The part of Go's text/template that MODELFILE_TEMPLATE uses, and what Ollama's parser of Modelfiles takes from it.

No Go is needed to run the tests, so its rules are repeated here: text is literal, `{{-` and `-}}` trim white space
beside them, `{{ range .X }}...{{ end }}` repeats, `{{ .X }}` prints a field. Anything else is an error.
"""

import re
from collections.abc import Mapping, Sequence


def render(template: str, values: Mapping[str, object]) -> str:
    """What Go would print. Raises ValueError for an action that is not known here."""
    parts = re.split(r"\{\{(-?.*?-?)\}\}", template, flags=re.S)
    for at in range(1, len(parts), 2):
        if parts[at].startswith("- "):
            parts[at - 1] = parts[at - 1].rstrip(" \t\r\n")
        if parts[at].endswith(" -"):
            parts[at + 1] = parts[at + 1].lstrip(" \t\r\n")
        parts[at] = parts[at].removeprefix("- ").removesuffix(" -").strip()
    text, rest = _run(parts, 0, values)
    if rest < len(parts):
        raise ValueError("end without range")
    return text


def _run(parts: Sequence[str], at: int, values: Mapping[str, object]) -> tuple[str, int]:
    """The text from part `at` to its `end`, or to the last part; and the place of the part after that."""
    out = []
    while at < len(parts):
        if at % 2 == 0:
            out.append(parts[at])
        elif parts[at] == "end":
            return "".join(out), at + 1
        elif match := re.fullmatch(r"range \.(\w+)", parts[at]):
            items = values[match[1]]
            assert isinstance(items, list)
            after = _run(parts, at + 1, values | {} if not items else items[0])[1]
            out += [_run(parts, at + 1, item)[0] for item in items]
            at = after
            continue
        elif match := re.fullmatch(r"\.(\w+)", parts[at]):
            out.append(str(values[match[1]]))
        else:
            raise ValueError(f"unknown action: {parts[at]}")
        at += 1
    return "".join(out), at


def modelfile(text: str) -> tuple[str, list[str]]:
    """TEMPLATE and the stop parameters of a Modelfile."""
    match = re.search(r'^TEMPLATE """(.*?)"""$', text, flags=re.S | re.M)
    assert match, "no TEMPLATE in triple quotes"
    rest = text[: match.start()] + text[match.end() :]
    return match[1], re.findall(r'^PARAMETER stop "(.*)"$', rest, flags=re.M)
