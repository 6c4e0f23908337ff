"""A state's drawing and colour token; the word stands beside them under ``*.state.NAME``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Token = Literal["text", "green", "blue", "amber", "red", "grey", "violet"]


@dataclass(frozen=True, slots=True)
class Badge:
    """How a state looks: never by its colour alone.

    Attributes:
        icon: name of a drawing under ``resources/icons``.
        token: name of a colour of the scheme.
    """

    icon: str
    token: Token


PAPER = {
    "rescan": Badge("cross", "red"),
    "failed": Badge("cross", "red"),
    "missing": Badge("ring", "red"),
    "optional": Badge("ring", "grey"),
    "processing": Badge("gear", "blue"),
    "review": Badge("triangle", "amber"),
    "scanned": Badge("page", "text"),
    "confirmed": Badge("diamond", "violet"),
    "not_to_ask": Badge("ban", "blue"),
    "presented": Badge("eye", "grey"),
    "exempt": Badge("lock", "grey"),
    "composing": Badge("gear", "blue"),
    "preparing": Badge("gear", "blue"),
    "waits_for_token": Badge("key", "violet"),
    "signing": Badge("pen", "blue"),
    "embedding": Badge("pen", "blue"),
    "in_doubt": Badge("question", "amber"),
    "signed": Badge("seal", "green"),
    "delivered": Badge("cloud-check", "green"),
}
PAGE = {
    "received": Badge("dot", "blue"),
    "cleaned": Badge("gear", "blue"),
    "read": Badge("check", "green"),
    "failed": Badge("cross", "red"),
    "rescan": Badge("cross", "red"),
    "blank": Badge("triangle", "amber"),
    "hidden": Badge("dash", "grey"),
    "separator": Badge("dash", "grey"),
    "dropped": Badge("dash", "grey"),
}
DOSSIER = {
    "draft": Badge("page", "text"),
    "checked": Badge("diamond", "violet"),
    "signing": Badge("pen", "blue"),
    "sealed": Badge("seal", "blue"),
    "registered": Badge("cloud", "blue"),
    "uploading": Badge("cloud", "blue"),
    "delivered": Badge("cloud-check", "green"),
    "accepted": Badge("check", "green"),
    "rejected": Badge("back", "red"),
    "supplement": Badge("triangle", "amber"),
    "refused": Badge("cross", "red"),
    "closed": Badge("check", "grey"),
    "abandoned": Badge("dash", "grey"),
}
CHECK = {
    "ok": Badge("check", "green"),
    "warn": Badge("triangle", "amber"),
    "fail": Badge("cross", "red"),
}
CHOICE = {True: Badge("check", "green"), False: Badge("ring", "grey")}
FINDING = Badge("triangle", "amber")
