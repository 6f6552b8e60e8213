"""The Textual app `bbj-curator`. Importing it costs nothing; `curator.tui.main` is the entry point."""
