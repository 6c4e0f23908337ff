"""SQLCipher under sqlite-utils: the one place that imports either.

sqlite-utils looks for a module named ``pysqlite3`` before it takes the standard library's
``sqlite3``, which cannot read an encrypted file; so SQLCipher stands there under that name first.

Source: sqlite-utils, ``sqlite_utils/utils.py``, order of imports.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import cast

import sqlcipher3.dbapi2

sys.modules.setdefault("pysqlite3", sqlcipher3.dbapi2)
sys.modules.setdefault("pysqlite3.dbapi2", sqlcipher3.dbapi2)

# sqlite-utils loads NumPy where it finds it, to bind NumPy's numbers; here nobody stores any, and
# the window and the scan worker have no room for it. None in its place means "not installed".
_without_numpy = sys.modules.setdefault("numpy", cast("ModuleType", None)) is None
try:
    from sqlite_utils import Database
finally:
    if _without_numpy:
        del sys.modules["numpy"]

from app.domain.errors import Defect  # noqa: E402 - same

if sys.modules[Database.__module__].__dict__["sqlite3"] is not sqlcipher3.dbapi2:
    raise Defect("store.driver")  # somebody imported sqlite-utils before us

dbapi2 = sqlcipher3.dbapi2

__all__ = ["Database", "dbapi2"]
