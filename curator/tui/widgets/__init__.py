"""Widgets: they show values and post messages. Only the screens change anything."""
