"""Screens, one a file. A dialog is a ModalScreen and says in its class what it returns."""
