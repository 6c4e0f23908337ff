"""Leased jobs, the workers that run them and the supervisor over both."""
