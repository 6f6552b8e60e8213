"""Textual's bindings, made from the table of actions. A screen says `BINDINGS = bindings("edit")` and nothing else."""

from textual.binding import Binding, BindingType

from curator.tui.actions import of_place


def bindings(*places: str) -> list[BindingType]:
    """The bindings of these places, with ids, so that a key file can change their keys."""
    return [
        Binding(
            action.keys, action.action, action.label, id=action.id, show=action.footer, priority=action.priority,
            key_display=action.display, tooltip=action.help,
        )
        for place in places
        for action in of_place(place)
    ]  # fmt: skip
