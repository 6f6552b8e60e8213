"""What can be told of a text alone: escaped twice, breaking off, in which language, looking like BBj.

Plain rules over one string, each with the reason for its number. Nothing here knows of rows or files.
"""

import json
import re
from collections.abc import Mapping

from curator.example import CodeBlock, parse
from curator.similarity import shingles

# Words that are frequent in one of the languages and rare in the others. A library would tell two hundred languages
# apart and cost NumPy and a model of megabytes; the question here is only whether prose is in the one expected.
_WORDS = {
    "en": "the of and to is that with for this you it from be which your how when are or by on at what can",
    "de": "der die das und nicht ein eine einen mit für auf ist den von zu wird sich werden auch dem wie ich sie aus",
    "fr": "le les des une est dans pour pas que qui sur avec vous cette sont du et ce au aux il nous comment",
    "es": "el los las una por para con que como esta este del es y más su cuando se lo puede cómo",
    "it": "il che di una per con non sono della gli questo come è nel alla anche più si del le un",
    "nl": "het een van en niet dat voor met zijn op deze wordt naar ook bij als de te hoe kan",
    "pt": "os uma para com não que em você como do da mais são isso ao um os se na no",
}
LANGUAGES: Mapping[str, frozenset[str]] = {name: frozenset(words.split()) for name, words in _WORDS.items()}
_SPEAKS = {
    word: tuple(name for name, words in LANGUAGES.items() if word in words)
    for word in frozenset().union(*LANGUAGES.values())
}
LANGUAGE_NAMES = {"en": "English", "de": "German", "fr": "French", "es": "Spanish", "it": "Italian", "nl": "Dutch",
                  "pt": "Portuguese", "other": "a language that is not written in Latin letters"}  # fmt: skip

# A literal line end, unless it stands alone between quotes or in a Windows path, where it is meant as written.
_LITERAL = re.compile(r"""(?:\b[A-Za-z]:\\\S*)|(?<=["'`])\\n(?=["'`])|(?P<end>(?<!\\)(?:\\r)?\\n)""")
_LITERAL_FENCE = re.compile(r"(?:```|~~~)[\w+-]*\\n")
_INLINE_CODE = re.compile(r"`[^`\n]*`")
_FENCED = re.compile(r"^[ \t]*+(`{3,}+|~{3,}+)[^\n]*+\n.*?(?:^[ \t]*+\1[`~]*[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_LETTERS = re.compile(r"[^\W\d_]")
_DANGLING = re.compile(
    r"(?:[,:(\[{=+]|\b(?:the|a|an|of|to|and|or|with|in|for|is|are|that|which|by|from|as|your|this))\s*\Z"
)
# What only BBj, or one of its ancestors, looks like; a line of another BASIC or of a script rarely does.
_BBJ_LINE = re.compile(
    r"""\s*(?:\w+:\s*)?(?:\#?[a-z_]\w*[!$]\s*=[^=] | \#?[a-z_]\w*!\.\w+\( | rem(?:\s|$) | (?:declare|use)\s+\S+
        | (?:open|read|write|print|input|extract|find|dim|call|let|read\s+record|write\s+record)\b\s*[(@"'a-z]?.*[("'$@]
        | (?:next|wend|endif|fi|swend|methodend|classend|fieldend|process_events|release|return|end)\b[\s\w]{0,20}$
        | (?:for\s+\w+\s*=|while\s|if\s.*\bthen\b|switch\s|gosub\s|goto\s|class\s+public|method\s+public|field\s+p)
        | [a-z_]\w*%?\s*=\s*\S)""",
    re.VERBOSE | re.IGNORECASE,
)
_PLAIN_ASSIGNMENT = re.compile(r"\s*[a-z_]\w*%?\s*=\s*\S", re.IGNORECASE)


def escaped_twice(text: str) -> bool:
    """True if the text says `\\n` where it means the end of a line.

    Not if it only speaks of it: one alone proves nothing, and a text that has more real line ends than literal ones was
    not escaped as a whole.
    """
    if "\\n" not in text:
        return False
    if _LITERAL_FENCE.search(text):
        return True
    literal = sum(bool(match["end"]) for match in _LITERAL.finditer(_INLINE_CODE.sub("", text)))
    return literal >= 2 and literal > text.count("\n")


def unescaped(text: str) -> str:
    """The text with one level of escapes taken back: of all kinds if it is escaped throughout, else of line ends."""
    if "\n" not in text:
        try:
            whole: str = json.loads(f'"{text}"')
            return whole.replace("\r\n", "\n")
        except ValueError:  # a quote that is not escaped: somebody replaced the line ends and nothing else
            pass
    return _LITERAL.sub(lambda match: "\n" if match["end"] else match[0], text)


def tidied(text: str) -> str:
    """With LF line ends and no blanks around; one line end after the last line is nobody's mistake and stays."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    bare = plain.strip()
    return plain if plain == f"{bare}\n" else bare


def prose(text: str) -> str:
    """The text without its fenced and inline code."""
    return _INLINE_CODE.sub(" ", _FENCED.sub("\n", text)) if "`" in text or "~~~" in text else text


def language(text: str, expected: str) -> str | None:
    """The language of a prose text if it is another one than `expected` beyond doubt, else None; "other" for scripts
    that are not Latin.

    Five words of the other language and twice as many as of the expected one: names and a quoted sentence do not count.
    """
    if not text.isascii():
        letters = _LETTERS.findall(text)
        foreign = sum(ord(letter) > 0x24F for letter in letters)
        if foreign >= 10 and foreign > 0.3 * len(letters):
            return "other"
    counts = dict.fromkeys(LANGUAGES, 0)
    for word in shingles.tokens(text):
        for name in _SPEAKS.get(word, ()):
            counts[name] += 1
    best = max(counts, key=lambda name: (counts[name], name == expected))
    return best if best != expected and counts[best] >= 5 and counts[best] > 2 * counts[expected] else None


def breaks_off(text: str) -> bool:
    """True if prose ends where no sentence ends: after a comma, a colon, an open bracket or a word such as `the`."""
    return bool(_DANGLING.search(text[-80:]))


def blocks(text: str) -> tuple[CodeBlock, ...]:
    """The fenced blocks of a Markdown text that is no example; places are those in `"\\n" + text`."""
    # a line in front, so that an answer that begins with a rule (---) is not taken for front matter
    return parse("\n" + text).code_blocks


def looks_like_bbj(text: str) -> bool:
    """True if most lines are such as only BBj has, and at least one is more than a plain assignment."""
    lines = [line for line in text.splitlines() if line.strip()]
    good = [line for line in lines if _BBJ_LINE.match(line)]
    return bool(good) and len(good) >= 0.6 * len(lines) and not all(_PLAIN_ASSIGNMENT.match(line) for line in good)


def bare_code(text: str) -> bool:
    """True if a text without any fence holds two lines of BBj or more, one below the other."""
    if "```" in text or "~~~" in text:
        return False
    before = False
    for line in text.splitlines():
        now = bool(_BBJ_LINE.match(line)) and not line.rstrip().endswith((".", "?", ":")) and looks_like_bbj(line)
        if now and before:
            return True
        before = now
    return False
