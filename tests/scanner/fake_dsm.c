/* A TWAIN manager with one scanner inside, for tests. It answers as the TWAIN specification 2.5
 * says, refuses triplets out of state with TWCC_SEQERROR, and fails where the plan in FAKE_DSM
 * tells it to. Layouts are written down here anew from chapter 8, so that two accounts must agree.
 *
 * Plan, words of the form name=number: sheets, at (sheet), side, cc, rc, when (0 image info,
 * 1 first strip, 2 in the middle, 3 end of the image before), event (TWDE_), hang, thread,
 * unknown (length not told), refuse (capability), detect (paper sensor), left (paper at the end),
 * show (would open a window), short (rows missing), wide (tiles), final (condition after the last).
 * Every triplet is appended to the file named by FAKE_DSM_LOG as "state dat msg rc".
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#pragma pack(push, 2)
typedef struct { int16_t whole; uint16_t frac; } fix32;
typedef struct { uint16_t major, minor, language, country; char info[34]; } version;
typedef struct {
    uint32_t id; version ver; uint16_t pmajor, pminor; uint32_t groups;
    char manufacturer[34], family[34], name[34];
} identity;
typedef struct { uint16_t cap, container; void *handle; } capability;
typedef struct { uint16_t kind; uint32_t item; } onevalue;
typedef struct { uint16_t kind; uint32_t count, current, def; } enumhead;
typedef struct { uint16_t kind; uint32_t count; uint16_t items[16]; } array16;
typedef struct { uint16_t kind; uint32_t least, most, step, def, current; } range;
typedef struct {
    fix32 x, y; int32_t width, length; int16_t samples, each[8], bits; uint16_t planar;
    int16_t type; uint16_t compression;
} imageinfo;
typedef struct { fix32 l, t, r, b; uint32_t document, page, frame; } layout;
typedef struct { uint32_t flags, length; void *data; } memory;
typedef struct {
    uint16_t compression; uint32_t stride, columns, rows, x, y, written; memory mem;
} memxfer;
typedef struct { uint32_t least, most, preferred; } setup;
typedef struct { uint16_t count; uint32_t eoj; } pending;
typedef struct { uint16_t condition, data; } status;
typedef struct { uint16_t show, modal; void *parent; } ui;
typedef uint16_t (*callback)(identity *, identity *, uint32_t, uint16_t, uint16_t, void *);
typedef struct { void *proc; uint32_t ref; int16_t message; } callbackinfo;
typedef struct { uint32_t event; char rest[290]; } deviceevent;
typedef struct { uint32_t size; void *entry, *alloc, *release, *lock, *unlock; } entrypoint;
#pragma pack(pop)

enum { SUCCESS, FAILURE, CHECKSTATUS, CANCEL, XFERDONE = 6, ENDOFLIST = 7 };
enum { BADVALUE = 10, SEQERROR = 11, CAPUNSUPPORTED = 13 };
enum { INT16 = 1, INT32, UINT16 = 4, BOOL = 6, FIX32 };

typedef struct { uint16_t id, kind; uint32_t now; int count; uint32_t offer[4]; int as_array; } cap;

#define F(n) ((uint32_t)(n))
static cap caps[] = {
    {0x0001, INT16, 1, 0, {0}, 0},       {0x0100, UINT16, 0, 0, {0}, 0},
    {0x0101, UINT16, 0, 3, {0, 1, 2}, 0}, {0x0102, UINT16, 1, 0, {0}, 0},
    {0x0103, UINT16, 0, 2, {0, 2}, 0},   {0x1002, BOOL, 0, 2, {0, 1}, 0},
    {0x1003, BOOL, 1, 0, {0}, 0},        {0x1007, BOOL, 0, 0, {0}, 0},
    {0x100b, BOOL, 1, 0, {0}, 0},        {0x100d, BOOL, 0, 0, {0}, 0},
    {0x1012, UINT16, 1, 0, {0}, 0},      {0x1013, BOOL, 1, 0, {0}, 0},
    {0x1022, UINT16, 0, 0, {0}, 1},      {0x103f, UINT16, 0, 2, {0, 1}, 1},
    {0x1042, UINT16, 2, 0, {0}, 1},      {0x1118, FIX32, F(100), 0, {0}, 2},
    {0x1119, FIX32, F(100), 3, {F(200), F(300), F(600)}, 0},
    {0x111f, UINT16, 1, 0, {0}, 0},      {0x1122, UINT16, 3, 0, {0}, 0},
    {0x112b, UINT16, 1, 0, {0}, 0},      {0x112d, BOOL, 1, 0, {0}, 0},
    {0x1134, INT32, 0, 0, {0}, 0},       {0x1150, BOOL, 1, 0, {0}, 0},
    {0x1151, BOOL, 1, 0, {0}, 0},        {0x1156, UINT16, 1, 0, {0}, 0},
};
static int state = 2, condition, image, row, events;
static callback told;
static identity *app, *self;
static double right_in = 8.5, bottom_in = 11;

static int plan(const char *name, int otherwise) {
    const char *at = getenv("FAKE_DSM");
    size_t size = strlen(name);
    while (at && *at) {
        if (!strncmp(at, name, size) && at[size] == '=') return atoi(at + size + 1);
        at = strchr(at, ' ');
        if (at) at++;
    }
    return otherwise;
}
static cap *find(uint16_t id) {
    for (size_t i = 0; i < sizeof caps / sizeof *caps; i++)
        if (caps[i].id == id && plan("refuse", -1) != id) return caps + i;
    return NULL;
}
static uint32_t value(uint16_t id) { cap *one = find(id); return one ? one->now : 0; }
static uint16_t fail(int why) { condition = why; return FAILURE; }
static void *hold(uint32_t size) { return calloc(1, size); }
static void *same(void *handle) { return handle; }
static void nothing(void *handle) { (void)handle; }

static int sides(void) { return value(0x1013) ? 2 : 1; }
static int total(void) { return plan("sheets", 3) * sides() * 1; }
static int width_px(void) { return (int)(right_in * (value(0x1118) & 0xffff) + 0.5); }
static int length_px(void) { return (int)(bottom_in * (value(0x1119) & 0xffff) + 0.5); }
static int bits(void) { uint32_t type = value(0x0101); return type == 2 ? 24 : type == 1 ? 8 : 1; }
static int stride(void) { return (width_px() * bits() + 31) / 32 * 4; }
static int faulty(int when) {
    int at = plan("at", 0), side = plan("side", 0);
    return at && image == (at - 1) * sides() + side && plan("when", 1) == when;
}
static uint16_t broken(void) {
    if (plan("event", 0)) { events++; told(self, app, 1, 0, 0x0104, NULL); }
    while (plan("hang", 0)) pause();
    condition = plan("cc", 1);
    return (uint16_t)plan("rc", FAILURE);
}
static void *later(void *nobody) { told(self, app, 1, 0, 0x0101, NULL); return nobody; }

static uint16_t capabilities(uint16_t msg, capability *data) {
    cap *one = find(data->cap);
    if (!one) return fail(CAPUNSUPPORTED);
    if (msg == 6) {
        if (state != 4) return fail(SEQERROR);
        if (data->container == 3) {
            array16 *in = data->handle;
            if (one->as_array != 1) return fail(BADVALUE);
            one->now = 0;
            for (uint32_t i = 0; i < in->count; i++) one->now |= 1u << in->items[i];
            return SUCCESS;
        }
        onevalue *in = data->handle;
        if (in->kind != one->kind || one->as_array == 1) return fail(BADVALUE);
        for (int i = 0; i < one->count; i++)
            if (one->offer[i] == in->item) one->now = in->item;
        if (one->count && one->now != in->item) return fail(BADVALUE);
        if (!one->count) one->now = in->item;
        return SUCCESS;
    }
    if (msg == 1 && one->as_array == 2) {
        range *out = data->handle = hold(sizeof *out);
        data->container = 6;
        out->kind = one->kind; out->least = 75; out->most = 600; out->current = one->now;
    } else if (msg == 1 && one->as_array == 1) {
        array16 *out = data->handle = hold(sizeof *out);
        data->container = 3;
        out->kind = one->kind; out->count = (uint32_t)one->count;
        for (int i = 0; i < one->count; i++) out->items[i] = (uint16_t)one->offer[i];
    } else if (msg == 1 && one->count) {
        int wide = one->kind == FIX32 ? 4 : 2;
        enumhead *out = data->handle = hold(sizeof *out + 16);
        data->container = 4;
        out->kind = one->kind; out->count = (uint32_t)one->count;
        for (int i = 0; i < one->count; i++)
            memcpy((char *)(out + 1) + i * wide, &one->offer[i], (size_t)wide);
    } else {
        onevalue *out = data->handle = hold(sizeof *out);
        data->container = 5;
        out->kind = one->kind; out->item = one->now;
    }
    return SUCCESS;
}

static void paint(unsigned char *out, int y) {
    int wide = width_px(), high = length_px();
    memset(out, 0xff, (size_t)stride());
    for (int x = 0; x < wide; x++) {
        int r = 255, g = 255, b = 255;
        if (y < high / 4) { r = 200; g = 30 * image % 250; b = 10; }
        if (y < high / 8 && x < wide / 4) { r = 10; g = 60; b = 220; }
        int light = (r * 299 + g * 587 + b * 114) / 1000;
        if (bits() == 24) { out[3 * x] = (unsigned char)r; out[3 * x + 1] = (unsigned char)g; out[3 * x + 2] = (unsigned char)b; }
        else if (bits() == 8) out[x] = (unsigned char)light;
        else if (light < 128) out[x / 8] &= (unsigned char)~(0x80 >> x % 8);
    }
}

static uint16_t strip(memxfer *out) {
    int rows = (int)out->mem.length / stride(), high = length_px() - plan("short", 0);
    if (row == 0 && faulty(1)) return broken();
    if (row > 0 && faulty(2)) return broken();
    if (rows > high - row) rows = high - row;
    if (faulty(2) && rows > 50) rows = 50;
    state = 7;
    out->compression = 0; out->stride = (uint32_t)stride(); out->rows = (uint32_t)rows;
    out->columns = (uint32_t)(width_px() - plan("wide", 0)); out->x = 0; out->y = (uint32_t)row;
    out->written = (uint32_t)(rows * stride());
    for (int i = 0; i < rows; i++) paint((unsigned char *)out->mem.data + i * stride(), row++);
    return row >= high ? XFERDONE : SUCCESS;
}

static uint16_t answer(identity *origin, identity *to, uint16_t dat, uint16_t msg, void *data) {
    switch (dat) {
    case 0x0004:
        if (msg == 0x0301) {
            if (state != 2) return fail(SEQERROR);
            app = origin; origin->groups |= 0x10000000; state = 3;
        } else {
            if (state != 3) return fail(SEQERROR);
            state = 2;
        }
        return SUCCESS;
    case 0x0403: {
        entrypoint *out = data;
        if (out->size != sizeof *out) return fail(1);
        out->alloc = (void *)hold; out->release = (void *)free;
        out->lock = (void *)same; out->unlock = (void *)nothing;
        return SUCCESS;
    }
    case 0x0003: {
        identity *one = data;
        static int listed;
        if (msg == 4) listed = 0;
        if (msg == 4 || msg == 5) {
            const char *names[] = {"WIA-Fake ADF", "Fake ADF"};
            if (listed > 1) return ENDOFLIST;
            memset(one, 0, sizeof *one);
            one->id = (uint32_t)listed + 1; one->groups = 0x40000003;
            one->pmajor = 2; one->pminor = 4;
            strcpy(one->manufacturer, "Fake"); strcpy(one->name, names[listed++]);
            return SUCCESS;
        }
        if (msg == 0x0401) {
            if (state != 3) return fail(SEQERROR);
            if (plan("open", 0)) return fail(plan("open", 0));
            self = one; state = 4; image = 0;
            find(0x100d)->now = (uint32_t)plan("detect", 0);
            find(0x1003)->now = plan("sheets", 3) > 0;
            return SUCCESS;
        }
        if (state != 4) return fail(SEQERROR);
        state = 3;
        return SUCCESS;
    }
    case 0x0001: return capabilities(msg, data);
    case 0x0008: ((status *)data)->condition = (uint16_t)condition; return SUCCESS;
    case 0x0010: told = (callback)((callbackinfo *)data)->proc; return SUCCESS;
    case 0x000d:
        if (!events) return fail(SEQERROR);
        events--;
        ((deviceevent *)data)->event = (uint32_t)plan("event", 0);
        return SUCCESS;
    case 0x0009:
        if (msg == 0x0501) {
            if (state != 5) return fail(SEQERROR);
            state = 4;
            return SUCCESS;
        }
        if (state != 4 || ((ui *)data)->show) return fail(SEQERROR);
        state = 5;
        if (plan("show", 0)) return CHECKSTATUS;
        if (plan("sheets", 3) == 0) { state = 4; return fail(29); }
        if (plan("never", 0)) return SUCCESS;
        if (plan("thread", 0)) { pthread_t id; pthread_create(&id, NULL, later, NULL); pthread_join(id, NULL); }
        else told(self, app, 1, 0, 0x0101, NULL);
        state = 6;
        return SUCCESS;
    case 0x0102: {
        layout *in = data;
        if (state != 4) return fail(SEQERROR);
        right_in = in->r.whole + in->r.frac / 65536.0;
        bottom_in = in->b.whole + in->b.frac / 65536.0;
        return SUCCESS;
    }
    case 0x0101: {
        imageinfo *out = data;
        if (state != 6) return fail(SEQERROR);
        if (faulty(0)) return broken();
        memset(out, 0, sizeof *out);
        out->x.whole = (int16_t)value(0x1118); out->y.whole = (int16_t)value(0x1119);
        out->width = width_px(); out->length = plan("unknown", 0) ? -1 : length_px();
        out->samples = bits() == 24 ? 3 : 1; out->bits = (int16_t)bits();
        out->type = (int16_t)value(0x0101);
        row = 0;
        return SUCCESS;
    }
    case 0x0006: {
        setup *out = data;
        out->least = (uint32_t)stride(); out->most = 0xffffffff; out->preferred = 65536;
        return SUCCESS;
    }
    case 0x0103:
        if (state != 6 && state != 7) return fail(SEQERROR);
        return strip(data);
    case 0x0005: {
        pending *out = data;
        if (state != 6 && state != 7) return fail(SEQERROR);
        if (msg == 7) { state = 5; out->count = 0; return SUCCESS; }
        image++;
        state = 6;
        if (faulty(3)) { image--; state = 6; return broken(); }
        if (image >= total() && plan("final", 0)) { out->count = 0xffff; return SUCCESS; }
        out->count = image >= total() ? 0 : 0xffff;
        if (!out->count) { state = 5; find(0x1003)->now = (uint32_t)plan("left", 0); }
        return SUCCESS;
    }
    default: return fail(9);
    }
    (void)to;
}

uint16_t DSM_Entry(identity *origin, identity *to, uint32_t group, uint16_t dat, uint16_t msg, void *data) {
    int before = state;
    uint16_t rc;
    if (dat == 0x0101 && state == 6 && image >= total()) rc = fail(plan("final", 29));
    else rc = answer(origin, to, dat, msg, data);
    const char *name = getenv("FAKE_DSM_LOG");
    if (name && dat != 0x0001 && dat != 0x0008) {
        FILE *log = fopen(name, "a");
        fprintf(log, "%d %04x %04x %d %d\n", before, dat, msg, rc, rc == FAILURE ? condition : 0);
        fclose(log);
    }
    (void)group;
    return rc;
}
uint32_t setting(uint16_t id) { return value(id); }
uint32_t size_of(int which) {
    uint32_t sizes[] = {
        sizeof(fix32), sizeof(version), sizeof(identity), sizeof(capability), sizeof(onevalue),
        sizeof(enumhead), sizeof(range), sizeof(imageinfo), sizeof(layout), sizeof(memory),
        sizeof(memxfer), sizeof(setup), sizeof(pending), sizeof(status), sizeof(ui),
        sizeof(callbackinfo), sizeof(deviceevent), sizeof(entrypoint),
    };
    return sizes[which];
}
