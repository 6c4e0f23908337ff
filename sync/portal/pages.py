"""The one page for people: which dossiers have been received. Vietnamese, no scripts."""

from __future__ import annotations

import datetime as dt
from html import escape

from sync.manifest import parse_manifest
from sync.portal.database import Database
from sync.portal.dossiers import Record, latest

_STATES = {
    "registered": "Đã đăng ký, chờ tệp",
    "uploading": "Đang nhận tệp",
    "checking": "Đang kiểm tra tệp",
    "delivered": "Đã nhận đủ",
    "rejected": "Bị trả lại",
}
_SHOWN = 200
_STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;margin:2rem;color:#1b1b1b;background:#fff}"
    "table{border-collapse:collapse;width:100%}caption{text-align:left;padding:.5rem 0}"
    "th,td{border-bottom:1px solid #767676;padding:.4rem .8rem;text-align:left}"
    "td.n{text-align:right}"
)


def received_page(database: Database) -> str:
    """The page as HTML."""
    with database.read() as tx:
        records = latest(tx, _SHOWN)
        total = tx.value("SELECT count(*) FROM dossiers")
    rows = "".join(_row(one) for one in records)
    body = (
        f"<table><caption>{total} hồ sơ, mới nhất trước</caption><thead><tr>"
        '<th scope="col">Mã hồ sơ</th><th scope="col">Mã tạm</th><th scope="col">Lần gửi</th>'
        '<th scope="col">Trạm</th><th scope="col">Thời điểm nhận</th>'
        '<th scope="col">Số giấy tờ</th><th scope="col">Trạng thái</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
        if records
        else "<p>Chưa có hồ sơ nào.</p>"
    )
    return (
        '<!DOCTYPE html><html lang="vi"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Hồ sơ đã nhận</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>Hồ sơ đã nhận</h1>{body}</main></body></html>"
    )


def _row(record: Record) -> str:
    manifest = parse_manifest(record.manifest)
    at = dt.datetime.fromisoformat(record.received_at).strftime("%d/%m/%Y %H:%M")
    state = _STATES[record.state] + (" (thử nghiệm)" if manifest.env == "demo" else "")
    cells = (record.official_code, manifest.temp_code, record.rev, record.station, at)
    left = "".join(f"<td>{escape(str(cell))}</td>" for cell in cells)
    return f'<tr>{left}<td class="n">{len(manifest.documents)}</td><td>{escape(state)}</td></tr>'
