"""The closed sets of words of the example format. A test compares them with `schemas/example.schema.json`."""

TYPES = ("completion", "comprehension", "migration", "explanation")
GENERATIONS = ("all", "character", "vpro5", "bbj-gui", "dwc")
DIFFICULTIES = ("basic", "intermediate", "advanced")
REVIEW_STATES = ("draft", "proposed", "approved", "rejected")
TOPICS = ("gui", "database", "strings", "file-io", "control-flow", "oop", "dwc")

GENERATION_NAMES = {
    "all": "any BBj generation",
    "character": "character-terminal BBx (1980s)",
    "vpro5": "Visual PRO/5 (1990s)",
    "bbj-gui": "BBj GUI (2000s)",
    "dwc": "BBj DWC (browser)",
}
