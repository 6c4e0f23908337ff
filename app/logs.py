"""Logs: JSON lines in a file beside the configuration, never in the vault, never about people.

Topics: ``scan image sign sync store ui``. Ids, slugs and counts go into ``extra``.
"""

from __future__ import annotations

import json
import logging
import logging.handlers
import time
from pathlib import Path

TOPICS = ("scan", "image", "sign", "sync", "store", "ui")
_PLAIN = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """One JSON object a line: time, topic, level, event and its ids."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, object] = {
            "at": f"{at}Z",
            "topic": record.name,
            "level": record.levelname,
            "event": record.getMessage(),
        }
        line.update({k: v for k, v in record.__dict__.items() if k not in _PLAIN})
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def to_file(folder: Path) -> None:
    """Send the topics' lines to ``folder/station.jsonl``, five files of 5 MB at most."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    handler = logging.handlers.RotatingFileHandler(
        folder / "station.jsonl", maxBytes=5_000_000, backupCount=4, encoding="utf-8", delay=True
    )
    handler.setFormatter(JsonLines())
    for topic in TOPICS:
        logger = logging.getLogger(topic)
        logger.setLevel(logging.INFO)
        logger.propagate = False
        for former in logger.handlers:
            former.close()
        logger.handlers[:] = [handler]
