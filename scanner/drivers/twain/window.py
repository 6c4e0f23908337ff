"""A hidden window and its messages, through which older Windows sources say that they are ready.

Never run on Windows. Elsewhere there is no window: sources speak by callback only.
Source: TWAIN specification 2.5, chapter 3 ('Modifying the application event loop'); Win32
reference, CreateWindowEx, PeekMessage, MSG.
"""

from __future__ import annotations

import ctypes as c
import sys
from typing import TYPE_CHECKING, ClassVar, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_REMOVE: Final = 1


class Message(c.Structure):
    """MSG of Win32."""

    _fields_: ClassVar = [
        ("window", c.c_void_p),
        ("message", c.c_uint32),
        ("wide", c.c_size_t),
        ("long", c.c_ssize_t),
        ("time", c.c_uint32),
        ("x", c.c_int32),
        ("y", c.c_int32),
    ]


class Window:
    """A window nobody sees; `handle` is None where there are none."""

    def __init__(self) -> None:
        self.handle: int | None = None
        if sys.platform == "win32":
            create = c.WinDLL("user32").CreateWindowExW
            create.restype = c.c_void_p
            create.argtypes = [
                c.c_uint32,
                c.c_wchar_p,
                c.c_wchar_p,
                c.c_uint32,
                *[c.c_int32] * 4,
                *[c.c_void_p] * 4,
            ]
            nothing = (None, None, None, None)
            self.handle = create(0, "STATIC", "scan host", 0, 0, 0, 1, 1, *nothing)

    def pump(self, taken: Callable[[Message], bool]) -> None:
        """Messages that wait are offered to `taken`; those it leaves go their usual way."""
        if sys.platform == "win32":
            user, message = c.WinDLL("user32"), Message()
            while user.PeekMessageW(c.byref(message), None, 0, 0, _REMOVE):
                if not taken(message):
                    user.TranslateMessage(c.byref(message))
                    user.DispatchMessageW(c.byref(message))

    def close(self) -> None:
        """The window is gone."""
        if sys.platform == "win32" and self.handle:
            destroy = c.WinDLL("user32").DestroyWindow
            destroy.argtypes = [c.c_void_p]
            destroy(self.handle)
        self.handle = None
