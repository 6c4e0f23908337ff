"""Exactly-once delivery of sealed dossiers to a portal."""
