"""Dialects of portals."""
