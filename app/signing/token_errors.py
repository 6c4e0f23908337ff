"""Families of PKCS#11 troubles: what a clerk can do about them, not what the driver called them.

A smart-card driver has some ninety ways to fail, and no two vendors agree on which to use; pulling
a token out may show as a general error, a lost handle or a user who is "not logged in". The
families below group them by the one thing that helps.

Source: PKCS#11 v2.40, section 5.1 (function return values).
"""

from __future__ import annotations

from typing import Final

from pkcs11 import exceptions as p11

FAMILIES: Final[dict[str, tuple[type[Exception], ...]]] = {
    "token_lost": (
        p11.GeneralError,
        p11.DeviceError,
        p11.DeviceRemoved,
        p11.TokenNotPresent,
        p11.TokenNotRecognised,
        p11.SlotIDInvalid,
        p11.SessionHandleInvalid,
        p11.SessionClosed,
        p11.FunctionFailed,
        p11.ObjectHandleInvalid,
        p11.KeyHandleInvalid,
        p11.UserNotLoggedIn,
        p11.OperationNotInitialized,
    ),
    "token_missing": (p11.NoSuchToken,),
    "pin_wrong": (p11.PinIncorrect, p11.PinInvalid, p11.PinLenRange),
    "pin_locked": (p11.PinLocked,),
    "pin_setup": (p11.PinExpired, p11.UserPinNotInitialized),
    "session_busy": (
        p11.UserAlreadyLoggedIn,
        p11.AnotherUserAlreadyLoggedIn,
        p11.OperationActive,
        p11.SessionCount,
    ),
    "cancelled": (p11.FunctionCancelled, p11.FunctionRejected),
    "mechanism": (
        p11.MechanismInvalid,
        p11.MechanismParamInvalid,
        p11.KeyTypeInconsistent,
        p11.KeySizeRange,
    ),
    "no_key": (p11.NoSuchKey,),
}


class TokenTrouble(Exception):
    """A trouble the worker itself names: its family and a short technical name."""

    def __init__(self, family: str, name: str) -> None:
        super().__init__(family, name)
        self.family = family
        self.name = name


def classify(error: BaseException) -> tuple[str, str]:
    """The family of ``error`` and its technical name; unknown ones are ``module_fault``."""
    if isinstance(error, TokenTrouble):
        return error.family, error.name
    for family, kinds in FAMILIES.items():
        if isinstance(error, kinds):
            return family, type(error).__name__
    return "module_fault", type(error).__name__
