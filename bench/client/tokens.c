/* Tokens: made, found again, and counted. Every token that reaches a reader is checked to be the next one of its emitter. */
#define _GNU_SOURCE
#include "load.h"
#include <stdlib.h>
#include <string.h>

bool emitting;
static uint32_t *dirty;
static uint32_t dirty_count;
static int8_t digit_of[256];
static const char DIGITS[] = "0123456789abcdef";

/* Between the broker's count and the marker in a frame of AMS. */
static const char BEFORE_DATA[] = "\",\"data\":\"";

static void write_hex(char *to, uint64_t value, int digits) {
  for (int at = digits - 1; at >= 0; at--, value >>= 4) to[at] = DIGITS[value & 15];
}

/* False when it isn't hexadecimal. */
static bool read_hex(const char *from, int digits, uint64_t *value) {
  uint64_t sum = 0;
  int wrong = 0;
  for (int at = 0; at < digits; at++) {
    int8_t digit = digit_of[(uint8_t)from[at]];
    wrong |= digit;
    sum = sum << 4 | (uint64_t)(digit & 15);
  }
  *value = sum;
  return wrong >= 0;
}

/* The frame as it is sent each time: WebSocket header with a mask of zeros, prefix, payload, suffix. */
static void prepare_frame(Emitter *emitter) {
  const Connection *connection = emitter->connection;
  const Group *group = connection->group;
  size_t before = strlen(connection->prefix), behind = strlen(connection->suffix);
  size_t body = before + group->payload + behind;
  char *at = emitter->frame = malloc(body + 16);
  if (!at) fail("memory");
  if (!group->is_raw) {
    *at++ = (char)(0x80 | (group->is_binary ? 2 : 1));
    int extended = body < 126 ? 0 : body < 65536 ? 2 : 8;
    *at++ = (char)(0x80 | (extended == 0 ? (int)body : extended == 2 ? 126 : 127));
    for (int shift = 8 * (extended - 1); shift >= 0; shift -= 8) *at++ = (char)((uint64_t)body >> shift);
    memset(at, 0, 4);
    at += 4;
  }
  memcpy(at, connection->prefix, before);
  emitter->marker = (size_t)(at + before - emitter->frame);
  memset(at + before, 'x', group->payload);
  memcpy(at + before + group->payload, connection->suffix, behind);
  emitter->length = emitter->marker + group->payload + behind;
}

static void add_emitter(Connection *connection, uint32_t index) {
  Emitter *emitter = &load.emitters[index];
  Group *group = connection->group;
  connection->emitter = (int32_t)index;
  emitter->connection = connection;
  emitter->place = load.channels[connection->channel].emitters++;
  if (group->payload < MARKER_BYTES) group->payload = MARKER_BYTES;
  prepare_frame(emitter);
  group->emitters = realloc(group->emitters, (group->emitters_count + 1) * sizeof(uint32_t));
  group->emitters[group->emitters_count++] = index;
}

void tokens_prepare(void) {
  memset(digit_of, -1, sizeof digit_of);
  for (int8_t digit = 0; digit < 16; digit++) digit_of[(uint8_t)DIGITS[digit]] = digit;
  load.channels = calloc(load.channels_count + 1, sizeof(Channel));
  for (uint32_t at = 0; at < load.connections_count; at++) {
    const Connection *connection = &load.connections[at];
    if (connection->emits) load.emitters_count++;
    if (connection->hears && !connection->is_slow) load.channels[connection->channel].hearers++;
  }
  load.emitters = calloc(load.emitters_count + 1, sizeof(Emitter));
  dirty = calloc(load.emitters_count + 1, sizeof(uint32_t));
  uint32_t emitters = 0;
  for (uint32_t at = 0; at < load.connections_count; at++) {
    if (load.connections[at].emits) add_emitter(&load.connections[at], emitters++);
  }
  for (uint32_t at = 0; at < load.connections_count; at++) {
    Connection *connection = &load.connections[at];
    if (connection->hears || connection->group->is_echo) {
      connection->last = calloc(load.channels[connection->channel].emitters + 1, sizeof(uint64_t));
    }
  }
  for (uint32_t at = 0; at < load.emitters_count; at++) {
    Emitter *emitter = &load.emitters[at];
    const Connection *own = emitter->connection;
    emitter->fan = own->group->is_echo ? 1 : load.channels[own->channel].hearers - (own->hears && !own->is_slow);
  }
}

static void mark_dirty(uint32_t index) {
  if (load.emitters[index].is_dirty) return;
  load.emitters[index].is_dirty = true;
  dirty[dirty_count++] = index;
}

static void check_order(Connection *connection, Group *group, uint64_t *last, uint64_t count) {
  if (count == *last + 1) {
    *last = count;
  } else if (count > *last) {
    group->missed += count - *last - 1;
    *last = count;
  } else if (count == *last) {
    group->doubled++;
  } else {
    group->reordered++;
  }
  (void)connection;
}

/* The broker counts the frames of a stream from 1, and so does the emitter. */
static bool seq_agrees(const char *marker, size_t before, uint64_t count) {
  size_t keys = sizeof BEFORE_DATA - 1;
  if (before < keys + 2 || memcmp(marker - keys, BEFORE_DATA, keys)) return false;
  const char *at = marker - keys - 1;
  uint64_t value = 0;
  for (uint64_t scale = 1; *at >= '0' && *at <= '9'; at--, scale *= 10) value += (uint64_t)(*at - '0') * scale;
  return *at == '-' && value == count;
}

static bool count_token(Connection *connection, const char *marker, size_t before, uint64_t now) {
  uint64_t index, count, sent;
  if (!read_hex(marker + 1, 4, &index) || !read_hex(marker + 5, 10, &count) || !read_hex(marker + 15, 16, &sent)) return false;
  if (index >= load.emitters_count) return false;
  Emitter *emitter = &load.emitters[index];
  Group *group = connection->group;
  if (emitter->connection == connection && !group->is_echo) {
    group->own++;
    return true;
  }
  if (!connection->last || emitter->connection->channel != connection->channel) {
    group->reordered++; /* Somebody else's token. */
    return true;
  }
  check_order(connection, group, &connection->last[emitter->place], count);
  if (group->checks_seq && !seq_agrees(marker, before, count)) group->wrong_seq++;
  group->delivered++;
  emitter->heard++;
  mark_dirty((uint32_t)index);
  histogram_add(&group->latency, now - sent);
  return true;
}

size_t tokens_scan(Connection *connection, const char *bytes, size_t length, uint64_t now) {
  /* In frames of one server the first marker is nearly always at the same place; a piece of raw bytes may begin anywhere. */
  size_t at = connection->group->is_raw || connection->group->is_binary ? 0 : connection->hint;
  if (at >= length || bytes[at] != '@') at = 0;
  bool is_first = true;
  for (;;) {
    const char *marker = memchr(bytes + at, '@', length - at);
    if (!marker) return length;
    at = (size_t)(marker - bytes);
    if (length - at < MARKER_BYTES) return at;
    if (!count_token(connection, marker, at, now)) {
      at++;
      continue;
    }
    if (is_first) connection->hint = at;
    is_first = false;
    at += connection->group->payload;
    if (at >= length) return length;
  }
}

static void emit(Emitter *emitter, uint32_t tokens, uint64_t now) {
  Connection *connection = emitter->connection;
  char *to = buffer_reserve(&connection->out, tokens * emitter->length);
  char *marker = emitter->frame + emitter->marker;
  marker[0] = '@';
  marker[31] = '.';
  write_hex(marker + 1, (uint64_t)(emitter - load.emitters), 4);
  write_hex(marker + 15, now, 16);
  for (uint32_t token = 0; token < tokens; token++) {
    write_hex(marker + 5, ++emitter->count, 10);
    memcpy(to, emitter->frame, emitter->length);
    to += emitter->length;
  }
  connection->out.length += tokens * emitter->length;
  connection->group->emitted += tokens;
  connection_flush(connection);
}

/* Fills the window when half of it is free, so that tokens come in bursts as they do from a busy emitter. */
static void emit_window(Emitter *emitter, uint64_t now) {
  const Connection *connection = emitter->connection;
  if (connection->state != READY || connection->out.length > 0 || emitter->fan == 0) return;
  uint64_t under_way = emitter->count - emitter->heard / emitter->fan;
  uint32_t window = connection->group->window;
  if (under_way * 2 <= window) emit(emitter, window - (uint32_t)under_way, now);
}

/* Emitters take turns at even distances: token k is due at k divided by all of them per second. */
static uint64_t emit_due(Group *group, uint64_t now) {
  double interval = 1e9 / (group->rate * group->emitters_count);
  if (group->paced_from_ns == 0) group->paced_from_ns = now;
  for (;;) {
    uint64_t due = group->paced_from_ns + (uint64_t)(interval * (double)group->paced_count);
    if (due > now) return due;
    Emitter *emitter = &load.emitters[group->emitters[group->paced_count++ % group->emitters_count]];
    if (emitter->connection->state != READY) continue;
    now = now_ns();
    histogram_add(&group->late, now - due);
    emit(emitter, 1, now);
  }
}

uint64_t tokens_emit(uint64_t now) {
  static bool began;
  uint64_t next = 0;
  if (!emitting) return 0;
  if (!began) {
    for (uint32_t at = 0; at < load.emitters_count; at++) mark_dirty(at);
    began = true;
  }
  for (uint32_t at = 0; at < load.groups_count; at++) {
    Group *group = &load.groups[at];
    if (group->rate == 0 || group->emitters_count == 0) continue;
    uint64_t due = emit_due(group, now);
    if (next == 0 || due < next) next = due;
  }
  uint32_t count = dirty_count;
  for (uint32_t at = 0; at < count; at++) {
    Emitter *emitter = &load.emitters[dirty[at]];
    emitter->is_dirty = false;
    if (emitter->connection->group->rate == 0) emit_window(emitter, now);
  }
  memmove(dirty, dirty + count, (dirty_count - count) * sizeof(uint32_t));
  dirty_count -= count;
  return next;
}
