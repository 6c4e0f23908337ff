"""A PKCS#11 module in front of the real one: it counts, and it misbehaves on demand.

``build_shim(tmp)`` compiles it with ``cc``. It hands every call on to the module named by the
environment and looks at three of them only. Environment of the process that loads it:

    SHIM_MODULE            path of the real module (needed)
    SHIM_LOG               file that gets one line per call, fsynced: "C_Login" or "C_Sign"
    SHIM_DIE_AFTER_SIGN=N  kills the process after its N-th C_Sign, before the answer leaves it
    SHIM_HANG_ON_SIGN=N    never comes back from the N-th C_Sign
    SHIM_FAIL_SIGN=RV      C_Sign answers with this error and does not sign
    SHIM_FAIL_LOGIN=RV     C_Login answers with this error
    SHIM_ONLY_RAW_RSA=1    CKM_SHA256_RSA_PKCS is refused, as padding-only tokens do
    SHIM_TOKEN_FLAGS=BITS  bits added to the token's flags
    SHIM_CHATTY=1          prints to the standard output, as some vendors' modules do
"""

from __future__ import annotations

import subprocess
from pathlib import Path

SOURCE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef unsigned long RV;
enum { GET_TOKEN_INFO = 6, LOGIN = 18, SIGN_INIT = 42, SIGN = 43, COUNT = 68 };
struct list { unsigned char major, minor; void *call[COUNT]; };
struct mechanism { unsigned long kind; void *parameter; unsigned long length; };

static struct list *real;
static struct list ours;
static long signs;

static long number(const char *name)
{
    const char *text = getenv(name);
    return text == NULL ? 0 : strtol(text, NULL, 0);
}

static void note(const char *line)
{
    const char *path = getenv("SHIM_LOG");
    if (path == NULL) return;
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (file < 0) abort();
    if (write(file, line, strlen(line)) < 0 || fsync(file) != 0) abort();
    close(file);
}

static RV get_token_info(unsigned long slot, unsigned char *info)
{
    RV (*go)(unsigned long, unsigned char *) = real->call[GET_TOKEN_INFO];
    RV rv = go(slot, info);
    if (rv == 0) *(unsigned long *)(info + 96) |= (unsigned long)number("SHIM_TOKEN_FLAGS");
    return rv;
}

static RV login(unsigned long session, unsigned long user, unsigned char *pin, unsigned long len)
{
    RV (*go)(unsigned long, unsigned long, unsigned char *, unsigned long) = real->call[LOGIN];
    note("C_Login\n");
    if (number("SHIM_CHATTY")) { printf("vendor: hello\n"); fflush(stdout); }
    if (number("SHIM_FAIL_LOGIN")) return (RV)number("SHIM_FAIL_LOGIN");
    return go(session, user, pin, len);
}

static RV sign_init(unsigned long session, struct mechanism *mechanism, unsigned long key)
{
    RV (*go)(unsigned long, struct mechanism *, unsigned long) = real->call[SIGN_INIT];
    if (number("SHIM_ONLY_RAW_RSA") && mechanism->kind == 0x40) return 0x70;
    return go(session, mechanism, key);
}

static RV sign(unsigned long session, unsigned char *data, unsigned long length,
               unsigned char *value, unsigned long *value_length)
{
    RV (*go)(unsigned long, unsigned char *, unsigned long, unsigned char *, unsigned long *) =
        real->call[SIGN];
    if (value == NULL) return go(session, data, length, value, value_length);
    if (number("SHIM_FAIL_SIGN")) return (RV)number("SHIM_FAIL_SIGN");
    RV rv = go(session, data, length, value, value_length);
    if (rv != 0) return rv;
    note("C_Sign\n");
    signs++;
    if (number("SHIM_CHATTY")) { printf("vendor: signed\n"); fflush(stdout); }
    if (signs == number("SHIM_DIE_AFTER_SIGN")) kill(getpid(), SIGKILL);
    if (signs == number("SHIM_HANG_ON_SIGN")) for (;;) pause();
    return rv;
}

RV C_GetFunctionList(struct list **out)
{
    if (real == NULL) {
        const char *path = getenv("SHIM_MODULE");
        void *module = path == NULL ? NULL : dlopen(path, RTLD_NOW);
        RV (*get)(struct list **) = module == NULL ? NULL : dlsym(module, "C_GetFunctionList");
        if (get == NULL || get(&real) != 0) return 0x5;
        ours = *real;
        ours.call[GET_TOKEN_INFO] = get_token_info;
        ours.call[LOGIN] = login;
        ours.call[SIGN_INIT] = sign_init;
        ours.call[SIGN] = sign;
    }
    *out = &ours;
    return 0;
}
"""


def build_shim(tmp: Path) -> Path:
    """The compiled shim in folder ``tmp``; compiled once per folder."""
    module = tmp / "libshim.so"
    if not module.exists():
        source = tmp / "shim.c"
        source.write_text(SOURCE)
        subprocess.run(
            ["cc", "-shared", "-fPIC", "-O1", "-w", "-o", module, source, "-ldl"],
            check=True,
            timeout=60,
        )
    return module


def calls(log: Path, name: str) -> int:
    """How often ``name`` ("C_Login", "C_Sign") stands in the shim's log."""
    return log.read_text().splitlines().count(name) if log.exists() else 0
