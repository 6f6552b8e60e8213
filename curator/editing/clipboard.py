"""What the system's clipboard holds, by pyperclip, which asks the platform's tool (pbpaste, wl-paste, xclip ...)."""

from curator.errors import MissingError


def pasted() -> str:
    """The text on the clipboard. Raises MissingError if there is none, or no way to read it on this machine."""
    import pyperclip  # type: ignore[import-untyped,unused-ignore]

    try:
        text: str = pyperclip.paste()
    except (pyperclip.PyperclipException, OSError) as error:
        raise MissingError(
            "the clipboard cannot be read here (on Linux it takes wl-clipboard or xclip, and a desktop); "
            "paste into the window, or save to a file and import that"
        ) from error
    if not text.strip():
        raise MissingError("the clipboard is empty, or holds no text; copy the code first")
    return text
