"""Widgets of the clerk's window."""
