/*
 * The load client: many connections in one process on one epoll loop, given by a specification on stdin what to open, what to
 * send and how fast. It knows framing (WebSocket, or plain bytes) and its own marker inside each payload, and nothing else:
 * the same code drives AMS, the controls and the peers, so that all of them are loaded and counted alike.
 *
 * One way: spec.c (what to do) -> loop.c (phases, time) -> connection.c (bytes) -> tokens.c (markers, counts) -> report.c.
 */
#ifndef LOAD_H
#define LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A payload begins with '@', 4 hex digits of the emitter, 10 of its count, 16 of the time in ns, and '.'. */
#define MARKER_BYTES 32
#define WATCHED_MAX 16
#define CODES_MAX 16

/* Values in ns by powers of two, each cut into 32: within 3 % of the truth. */
#define HISTOGRAM_CELLS (64 * 64)
typedef struct {
  uint64_t cells[HISTOGRAM_CELLS];
  uint64_t count, max;
} Histogram;

void histogram_add(Histogram *histogram, uint64_t value);
/* The value below which this share (0 to 1) lies; 0 when there is none. */
uint64_t histogram_at(const Histogram *histogram, double share);

typedef struct {
  char *bytes;
  size_t length, capacity;
} Buffer;

/* Space for `more` bytes after what the buffer holds. */
char *buffer_reserve(Buffer *buffer, size_t more);
void buffer_append(Buffer *buffer, const void *bytes, size_t length);

/* Members that are driven and counted together. */
typedef struct {
  char *name;
  bool is_raw;    /* Plain bytes instead of WebSocket frames. */
  bool is_binary; /* Frames are sent as binary ones. */
  bool is_echo;   /* An emitter hears itself, and nobody else. */
  bool comes_back; /* Whoever loses its connection opens another one. */
  bool checks_seq; /* The broker's own count is before the payload and must agree. */
  size_t payload; /* Bytes. */
  double rate;    /* Tokens per second and emitter; 0: as fast as the window lets. */
  uint32_t window; /* Tokens of one emitter that may be on their way, without a rate. */
  uint32_t pause_ms; /* Before a lost connection is opened again. */
  char *answer_to, *answer; /* A heartbeat of the protocol, and what it wants to hear. */
  char *alarm;    /* Frames with this text are counted: the broker reports a loss. */

  uint32_t *emitters; /* Indices of those of this group. */
  uint32_t emitters_count, emitters_capacity;
  uint64_t paced_from_ns, paced_count; /* Tokens that were due until now, all emitters in turn. */

  uint32_t members, joined, failed;
  uint64_t emitted, delivered, emitted_before, delivered_before;
  uint64_t emitted_window, delivered_window;
  uint64_t doubled, reordered, missed, own, wrong_seq, alarms, lost_connections;
  struct { int code; uint64_t count; } codes[CODES_MAX];
  Histogram latency, late, joining;
} Group;

typedef enum { IDLE, CONNECTING, UPGRADING, ENTERING, READY, ENDED } State;

typedef struct {
  Group *group;
  State state;
  int fd;
  bool emits, hears, is_slow, wants_write, was_ready, has_come_back;
  uint16_t port, other_port; /* The second is tried when the first was lost; 0: none. */
  uint32_t source;           /* Address, host order; 0: the system chooses. */
  uint32_t channel;
  int32_t emitter;           /* Index, -1 for none. */
  char *request, *hello, *ready, *prefix, *suffix;
  Buffer out, rest, tail;
  size_t hint;               /* Where the first marker was in the last frame. */
  uint64_t *last;            /* By the emitter's place in the channel: its last count heard here. */
  uint64_t opened_ns, again_ns;
} Connection;

typedef struct {
  Connection *connection;
  uint32_t place;    /* Among the emitters of its channel. */
  uint32_t fan;      /* Who is to hear it. */
  uint64_t count, heard;
  char *frame;       /* Whole, with space for the marker. */
  size_t length, marker;
  bool is_dirty;
} Emitter;

typedef struct { uint32_t emitters, hearers; } Channel;

typedef struct {
  uint32_t warmup_ms, measure_ms, drain_ms, connect_ms, connecting_max, entering_max;
  bool holds; /* Measures until "stop" comes on stdin. */
  Group *groups;
  uint32_t groups_count;
  Connection *connections;
  uint32_t connections_count;
  Emitter *emitters;
  uint32_t emitters_count;
  Channel *channels;
  uint32_t channels_count;
  struct { char *name; int pid; double cpu_s; } watched[WATCHED_MAX];
  uint32_t watched_count;
  double measured_s, client_cpu_s, ready_s, back_s;
} Load;

extern Load load;
extern int epoll_fd;

uint64_t now_ns(void);
void fail(const char *what);

/* spec.c: reads lines from stdin until "end". */
void read_spec(void);

/* connection.c */
void connection_open(Connection *connection);
void connection_event(Connection *connection, uint32_t events);
void connection_flush(Connection *connection);
void connection_lost(Connection *connection, int code);

/* tokens.c */
void tokens_prepare(void);
/* Counts the tokens in these bytes; returns how many of them are used up (all, unless a marker is cut off at the end). */
size_t tokens_scan(Connection *connection, const char *bytes, size_t length, uint64_t now);
/* Emits what the windows let and what is due; returns when the next is due, 0 for no such time. */
uint64_t tokens_emit(uint64_t now);
extern bool emitting;

/* loop.c */
void run_loop(void);
/* Connections that are not upgraded yet, those that have not entered yet (these included), those that have or never will, those that lost theirs. */
extern uint32_t upgrading, opening, settled, away;

/* report.c */
void print_result(void);

#endif
