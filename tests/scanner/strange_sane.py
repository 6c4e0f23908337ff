"""A SANE backend of our own making, for what no backend without hardware shows.

``Strange(tmp)`` compiles it with ``cc``; libsane itself loads it, as it loads every other. Each
``device(name, *lines)`` behaves as its lines say, fields parted by ``|``:

    option|TYPE|UNIT|CAP|NAME|VALUE|CHOICES    CHOICES "a;b;c", "3..40" or empty
    frame|FORMAT|WIDTH|LINES|DEPTH|BYTES_PER_LINE|LAST    one per frame of a page, in order
    pages|N                                    so many come, then the feeder is empty
    at|open|0|status|S                         opening answers S
    at|start|N|status|S                        the N-th start answers S, once
    at|read|N|status|S                         the N-th frame ends with S half-way
    at|read|N|endless                          the N-th frame never ends
    at|start|N|sensor|NAME|VALUE               from the N-th start the option holds VALUE

Every pixel byte is (row + column) modulo 256. What was set, started and cancelled is in the log.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from scanner.model import ScanRequest
from tests.scanner.scan_kit import ROOT

SOURCE = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GOOD = 0, INVAL = 4, END = 5, NO_DOCS = 7, MOST = 64, WORDS = 40 };
typedef struct { const char *name, *title, *desc; int type, unit, size, cap, kind;
                 const void *constraint; } descriptor;
typedef struct { int format, last, per_line, width, lines, depth; } layout;
typedef struct { const char *name, *vendor, *model, *type; } listed;
typedef struct { char when[8]; int n; char what[8]; char name[32]; int value; } event;
typedef struct {
    char name[64];
    descriptor option[MOST]; int number[MOST]; char text[MOST][64]; int options;
    layout frame[3]; int frames, pages;
    event event[MOST]; int events;
    int starts, sent, row_bytes, endless, status; layout now; int running;
} scanner;

static scanner *all[200];
static listed rows[200];
static const listed *list[201];
static int count;
static char log_path[512];

static void note(const char *what, const char *name, const char *value)
{
    FILE *file = fopen(log_path, "a");
    if (file == NULL) abort();
    fprintf(file, "%s|%s|%s\n", what, name, value);
    fclose(file);
}

static int kind_of(const char *word, const char *known)
{
    const char *at = strstr(known, word);
    return at == NULL ? 0 : (int)(at - known) / 8;
}

static char *field(char **rest)
{
    char *found = strsep(rest, "|");
    return found == NULL ? "" : found;
}

static void add_option(scanner *s, char *rest)
{
    int at = ++s->options;
    descriptor *o = &s->option[at];
    o->type = kind_of(field(&rest), "bool    int     fixed   string  button  group");
    o->unit = kind_of(field(&rest), "none    pixel   bit     mm      dpi");
    o->cap = atoi(field(&rest));
    o->name = o->title = o->desc = strdup(field(&rest));
    char *value = field(&rest), *choices = strdup(field(&rest));
    int scale = o->type == 2 ? 65536 : 1;
    o->size = o->type == 3 ? 64 : o->type == 4 ? 0 : 4;
    s->number[at] = (int)(atof(value) * scale);
    snprintf(s->text[at], 64, "%s", value);
    if (choices[0] == 0) return;
    char *dots = strstr(choices, "..");
    if (o->type == 3) {
        const char **words = calloc(WORDS, sizeof *words);
        for (int n = 0; choices != NULL && n < WORDS - 1; n++) words[n] = strsep(&choices, ";");
        o->kind = 3; o->constraint = words;
    } else if (dots != NULL) {
        int *range = calloc(3, sizeof *range);
        range[0] = (int)(atof(choices) * scale); range[1] = (int)(atof(dots + 2) * scale);
        o->kind = 1; o->constraint = range;
    } else {
        int *words = calloc(WORDS, sizeof *words);
        for (; choices != NULL && words[0] < WORDS - 1; )
            words[++words[0]] = (int)(atof(strsep(&choices, ";")) * scale);
        o->kind = 2; o->constraint = words;
    }
}

static void take_line(char *line)
{
    char *rest = line, *word;
    line[strcspn(line, "\n")] = 0;
    word = field(&rest);
    scanner *s = count > 0 ? all[count - 1] : NULL;
    if (strcmp(word, "device") == 0) {
        s = all[count++] = calloc(1, sizeof *s);
        snprintf(s->name, 64, "%s", field(&rest));
        s->option[0] = (descriptor){"", "", "", 1, 0, 4, 4, 0, NULL};
        s->pages = 1;
    } else if (strcmp(word, "option") == 0) {
        add_option(s, rest);
    } else if (strcmp(word, "frame") == 0) {
        layout *f = &s->frame[s->frames++];
        f->format = atoi(field(&rest)); f->width = atoi(field(&rest));
        f->lines = atoi(field(&rest)); f->depth = atoi(field(&rest));
        f->per_line = atoi(field(&rest)); f->last = atoi(field(&rest));
    } else if (strcmp(word, "pages") == 0) {
        s->pages = atoi(field(&rest));
    } else if (strcmp(word, "at") == 0) {
        event *e = &s->event[s->events++];
        snprintf(e->when, 8, "%s", field(&rest)); e->n = atoi(field(&rest));
        snprintf(e->what, 8, "%s", field(&rest));
        if (strcmp(e->what, "status") != 0) snprintf(e->name, 32, "%s", field(&rest));
        e->value = atoi(field(&rest));
    }
}

int sane_strange_init(int *version, void *authorize)
{
    char path[512], line[2048];
    const char *folder = getenv("SANE_CONFIG_DIR");
    (void)authorize;
    if (version != NULL) *version = 1 << 24;
    snprintf(path, sizeof path, "%s/strange.conf", folder);
    snprintf(log_path, sizeof log_path, "%s/strange.log", folder);
    FILE *file = fopen(path, "r");
    if (file == NULL) return INVAL;
    while (fgets(line, sizeof line, file) != NULL) take_line(line);
    fclose(file);
    for (int at = 0; at < count; at++) {
        rows[at] = (listed){all[at]->name, "Strange", "Feeder", "scanner"};
        list[at] = &rows[at];
    }
    return GOOD;
}

void sane_strange_exit(void) {}

int sane_strange_get_devices(const listed ***found, int local)
{
    (void)local; *found = list; return GOOD;
}

static int fired(scanner *s, const char *when, int n)
{
    int status = GOOD;
    for (int at = 0; at < s->events; at++) {
        event *e = &s->event[at];
        if (strcmp(e->when, when) != 0 || e->n != n) continue;
        if (strcmp(e->what, "status") == 0) { status = e->value; continue; }
        if (strcmp(e->what, "endless") == 0) { s->endless = 1; continue; }
        for (int o = 1; o <= s->options; o++)
            if (strcmp(s->option[o].name, e->name) == 0) s->number[o] = e->value;
    }
    return status;
}

int sane_strange_open(const char *name, void **handle)
{
    for (int at = 0; at < count; at++)
        if (strcmp(all[at]->name, name) == 0) {
            *handle = all[at];
            return fired(all[at], "open", 0);
        }
    return INVAL;
}

void sane_strange_close(void *handle) { (void)handle; }

const descriptor *sane_strange_get_option_descriptor(void *handle, int index)
{
    scanner *s = handle;
    return index >= 0 && index <= s->options ? &s->option[index] : NULL;
}

int sane_strange_control_option(void *handle, int index, int action, void *value, int *info)
{
    scanner *s = handle;
    char digits[32];
    if (info != NULL) *info = 0;
    if (index == 0) { *(int *)value = s->options + 1; return GOOD; }
    if (index < 0 || index > s->options) return INVAL;
    descriptor *o = &s->option[index];
    if (action == 0) {
        if (o->type == 3) strcpy(value, s->text[index]); else *(int *)value = s->number[index];
        return GOOD;
    }
    if (!(o->cap & 1) || (o->cap & 32)) return INVAL;
    if (o->type == 3) {
        snprintf(s->text[index], 64, "%s", (char *)value);
        note("set", o->name, value);
    } else {
        s->number[index] = o->type == 4 ? 1 : *(int *)value;
        snprintf(digits, 32, "%g", s->number[index] / (o->type == 2 ? 65536.0 : 1.0));
        note("set", o->name, digits);
    }
    return GOOD;
}

int sane_strange_get_parameters(void *handle, layout *found)
{
    scanner *s = handle;
    *found = s->now;
    return GOOD;
}

int sane_strange_start(void *handle)
{
    scanner *s = handle;
    int begun = ++s->starts, status = fired(s, "start", begun);
    note("start", s->name, "");
    if (status != GOOD) return status;
    if (s->running >= s->pages * s->frames) return NO_DOCS;
    s->now = s->frame[s->running++ % s->frames];
    s->row_bytes = s->now.per_line;
    s->sent = s->endless = 0;
    s->status = fired(s, "read", s->running);
    return GOOD;
}

int sane_strange_read(void *handle, unsigned char *data, int most, int *got)
{
    scanner *s = handle;
    int lines = s->now.lines < 0 ? 100 : s->now.lines, end = lines * s->row_bytes;
    if (s->endless) end = 0x7fffffff;
    *got = 0;
    if (s->status != GOOD) {
        end /= 2;
        if (s->sent >= end) return s->status;
    }
    if (s->sent >= end) return END;
    if (most > 5000) most = 5000;
    for (; *got < most && s->sent < end; s->sent++)
        data[(*got)++] = (unsigned char)(s->sent / s->row_bytes + s->sent % s->row_bytes);
    return GOOD;
}

void sane_strange_cancel(void *handle) { note("cancel", ((scanner *)handle)->name, ""); }

int sane_strange_set_io_mode(void *handle, int mode) { (void)handle; (void)mode; return GOOD; }

int sane_strange_get_select_fd(void *handle, int *fd) { (void)handle; (void)fd; return 1; }
"""

# Runs every request in one process, through the driver itself, and prints what came.
RUN = r"""
import json, sys
from scanner.drivers.sane import source as sane
from scanner.drivers.source import Delivered, Over, Stop
from scanner.errors import ScannerError
from scanner.model import Notice, ScanRequest, SideChunk
folder, source = sys.argv[1], sane.SaneSource()
if len(sys.argv) > 2:
    sane.PAUSES_S = sane.OPEN_AGAIN_S = tuple(map(float, sys.argv[2:]))
for number, line in enumerate(sys.stdin):
    fields = json.loads(line)
    fields["page_mm"] = tuple(fields["page_mm"])
    got = {"sides": [], "notices": [], "reason": "", "params": {}, "data": []}
    part = b""
    try:
        for event in source.scan(ScanRequest(**fields), Stop()):
            if isinstance(event, SideChunk):
                part += event.data
            elif isinstance(event, Delivered):
                side = [event.media, event.width_px, event.height_px, list(event.flags)]
                path = f"{folder}/{number}-{len(got['sides'])}"
                open(path, "wb").write(part)
                got["sides"].append(side)
                got["data"].append(path)
                part = b""
            elif isinstance(event, Notice):
                got["notices"].append(event.slug)
            elif isinstance(event, Over):
                got["reason"], got["params"] = event.reason, dict(event.params)
    except ScannerError as error:
        got["reason"], got["params"] = error.slug, dict(error.params)
    print(json.dumps(got), flush=True)
"""

# 50 x 40 mm at 254 dpi: 500 x 400 pixels.
PAGE_MM = (50.0, 40.0)
GRAY = "frame|0|500|400|8|500|1"
COLOR = "frame|1|500|400|8|1500|1"
MODES = "option|string|none|5|mode|Gray|Lineart;Gray;Color"
FEEDER = "option|string|none|5|source|Flatbed|Flatbed;ADF Front;ADF Duplex"
SENSOR = 6  # set by the hardware, read by software
SETTABLE = 5


@dataclass(frozen=True)
class Got:
    """What one pass gave: media, width, height and flags of each side, its bytes, and the end."""

    sides: list[tuple[str, int, int, list[str]]]
    notices: list[str]
    reason: str
    params: dict[str, object]
    data: list[bytes]
    log: list[list[str]]


def wish(name: str = "sane:strange:0", **fields: object) -> ScanRequest:
    known = {"source": "feeder", "duplex": False, "dpi": 254, "mode": "gray", "page_mm": PAGE_MM}
    return ScanRequest(name, **{**known, **fields})  # type: ignore[arg-type]


class Strange:
    """The backend in a folder of its own, with its devices."""

    def __init__(self, folder: Path, built: Path) -> None:
        self.folder = folder
        (folder / "dll.d").mkdir(parents=True)
        (folder / "dll.conf").write_text("strange\n")
        self._conf = folder / "strange.conf"
        self._log = folder / "strange.log"
        self._built = built
        self._log.touch()

    @property
    def env(self) -> dict[str, str]:
        return {"SANE_CONFIG_DIR": str(self.folder), "LD_LIBRARY_PATH": str(self._built)}

    def device(self, name: str, *lines: str) -> None:
        with self._conf.open("a") as conf:
            conf.write("\n".join((f"device|{name}", *lines)) + "\n")

    def log(self) -> list[list[str]]:
        return [line.split("|") for line in self._log.read_text().splitlines()]

    def run(self, *requests: ScanRequest, pauses_s: tuple[float, ...] = ()) -> list[Got]:
        """Every request in turn; `pauses_s` are shorter waits between tries than a clerk has."""
        lines = "".join(json.dumps(asdict(request)) + "\n" for request in requests)
        done = subprocess.run(
            [sys.executable, "-c", RUN, str(self.folder), *map(str, pauses_s)],
            input=lines,
            env={**os.environ, **self.env, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        passes = [json.loads(line) for line in done.stdout.splitlines()]
        log = self.log()
        return [
            Got(**{**one, "data": [Path(path).read_bytes() for path in one["data"]], "log": log})
            for one in passes
        ]


def build(folder: Path) -> Path:
    """The folder that holds the compiled backend."""
    source = folder / "strange.c"
    source.write_text(SOURCE)
    module = folder / "libsane-strange.so.1"
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-O1", "-w", "-D_GNU_SOURCE", "-o", module, source],
        check=True,
        timeout=60,
    )
    return folder
