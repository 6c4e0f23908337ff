"""Referees: validators that nobody here wrote say whether our files are right."""

from __future__ import annotations

from tests.referees.referees import (
    REFEREES,
    Dss,
    Failed,
    Pdfsig,
    Qpdf,
    Skipped,
    VeraPdf,
    Verdict,
    judge,
)

__all__ = [
    "REFEREES",
    "Dss",
    "Failed",
    "Pdfsig",
    "Qpdf",
    "Skipped",
    "VeraPdf",
    "Verdict",
    "judge",
]
