"""Scanners with a SANE driver."""
