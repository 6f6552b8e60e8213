"""Two themes beside Textual's own: high contrast, dark and light. Text has at least 7:1 to its ground (WCAG AAA)."""

from textual.theme import Theme

HIGH_CONTRAST = Theme(
    name="high-contrast",
    primary="#66d9ff",
    secondary="#ffd75f",
    accent="#ffff00",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#1a1a1a",
    success="#5fff5f",
    warning="#ffd700",
    error="#ff9b9b",
    boost="#1a1a1a",
    dark=True,
    variables={
        "comments": "plain",  # not dimmed; see highlighting.styles
        "text-muted": "#d0d0d0",
        "text-disabled": "#b0b0b0",
        "text-error": "#ff9b9b",
        "text-warning": "#ffd700",
        "text-success": "#5fff5f",
        "text-accent": "#ffff00",
        "text-secondary": "#66d9ff",
        "block-cursor-background": "#ffff00",
        "block-cursor-foreground": "#000000",
        "block-cursor-text-style": "bold",
        "input-selection-background": "#ffffff 40%",
        "footer-key-foreground": "#ffff00",
    },
)

HIGH_CONTRAST_LIGHT = Theme(
    name="high-contrast-light",
    primary="#003a8c",
    secondary="#5c2d00",
    accent="#5a0078",
    foreground="#000000",
    background="#ffffff",
    surface="#ffffff",
    panel="#e8e8e8",
    success="#00470f",
    warning="#5f3c00",
    error="#8f0000",
    boost="#e8e8e8",
    dark=False,
    variables={
        "comments": "plain",  # not dimmed; see highlighting.styles
        "text-muted": "#2e2e2e",
        "text-disabled": "#4a4a4a",
        "text-error": "#8f0000",
        "text-warning": "#5f3c00",
        "text-success": "#00470f",
        "text-accent": "#5a0078",
        "text-secondary": "#003a8c",
        "block-cursor-background": "#003a8c",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-text-style": "bold",
        "footer-key-foreground": "#5a0078",
    },
)

OURS = (HIGH_CONTRAST, HIGH_CONTRAST_LIGHT)
