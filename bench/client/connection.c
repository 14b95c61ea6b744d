/* One connection: opened, upgraded, entered, and from then on frames in and frames out. */
#define _GNU_SOURCE
#include "load.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Bytes read at a time, behind what was left of an unfinished frame. */
#define READ_BYTES (512 * 1024)
#define FRAME_BYTES_MAX (2 * 1024 * 1024)

static char inbox[FRAME_BYTES_MAX + READ_BYTES];

char *buffer_reserve(Buffer *buffer, size_t more) {
  size_t wanted = buffer->length + more;
  if (wanted > buffer->capacity) {
    buffer->capacity = wanted < 256 ? 256 : wanted * 2;
    buffer->bytes = realloc(buffer->bytes, buffer->capacity);
    if (!buffer->bytes) fail("memory");
  }
  return buffer->bytes + buffer->length;
}

void buffer_append(Buffer *buffer, const void *bytes, size_t length) {
  memcpy(buffer_reserve(buffer, length), bytes, length);
  buffer->length += length;
}

/* An idle connection keeps no buffers: there may be many thousands of them. */
static void buffer_free(Buffer *buffer) {
  free(buffer->bytes);
  memset(buffer, 0, sizeof *buffer);
}

static void watch(Connection *connection, int operation, uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = connection};
  epoll_ctl(epoll_fd, operation, connection->fd, &event);
}

static void send_frame(Connection *connection, int opcode, const char *bytes, size_t length) {
  Buffer *out = &connection->out;
  if (!connection->group->is_raw) {
    char header[8] = {(char)(0x80 | opcode)};
    size_t size = 2;
    header[1] = (char)(0x80 | (length < 126 ? length : 126));
    if (length >= 126) {
      header[2] = (char)(length >> 8);
      header[3] = (char)length;
      size = 4;
    }
    buffer_append(out, header, size);
    buffer_append(out, "\0\0\0\0", 4);
  }
  buffer_append(out, bytes, length);
  connection_flush(connection);
}

void connection_open(Connection *connection) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(connection->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int one = 1;
  connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (connection->fd < 0) fail("no more descriptors: use fewer connections per process");
  setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connection->source) {
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(connection->source)};
    setsockopt(connection->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    if (bind(connection->fd, (struct sockaddr *)&from, sizeof from)) fail("a source address can't be had");
  }
  connection->state = CONNECTING;
  connection->opened_ns = now_ns();
  opening++;
  upgrading++;
  watch(connection, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
  connection->wants_write = true;
  if (connect(connection->fd, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS) connection_lost(connection, 0);
}

void connection_lost(Connection *connection, int code) {
  Group *group = connection->group;
  if (connection->state == ENDED || connection->state == IDLE) return;
  bool was_ready = connection->state == READY;
  if (connection->state == CONNECTING || connection->state == UPGRADING) upgrading--;
  if (connection->fd >= 0) close(connection->fd);
  connection->fd = -1;
  buffer_free(&connection->out);
  buffer_free(&connection->rest);
  buffer_free(&connection->tail);
  group->lost_connections++;
  for (int at = 0; at < CODES_MAX; at++) {
    if (group->codes[at].count && group->codes[at].code != code) continue;
    group->codes[at].code = code;
    group->codes[at].count++;
    break;
  }
  if (was_ready) group->joined--;
  else opening--;
  if (group->comes_back) {
    if (was_ready) away++;
    if (connection->other_port) connection->port = connection->other_port;
    connection->again_ns = now_ns() + (uint64_t)group->pause_ms * 1000000;
    connection->state = IDLE;
    return;
  }
  connection->state = ENDED;
  if (!was_ready) {
    group->failed++;
    settled++;
  }
}

void connection_flush(Connection *connection) {
  Buffer *out = &connection->out;
  size_t at = 0;
  while (at < out->length) {
    ssize_t written = send(connection->fd, out->bytes + at, out->length - at, MSG_NOSIGNAL);
    if (written < 0 && errno == EAGAIN) break;
    if (written < 0) {
      out->length = 0; /* Reading will show why it was lost. */
      return;
    }
    at += (size_t)written;
  }
  memmove(out->bytes, out->bytes + at, out->length - at);
  out->length -= at;
  bool wants_write = out->length > 0;
  if (wants_write == connection->wants_write) return;
  connection->wants_write = wants_write;
  uint32_t in = connection->is_slow && connection->state == READY ? 0 : EPOLLIN;
  watch(connection, EPOLL_CTL_MOD, in | (wants_write ? EPOLLOUT : 0));
}

static void connected(Connection *connection) {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error) {
    connection_lost(connection, 0);
    return;
  }
  connection->state = connection->group->is_raw ? ENTERING : UPGRADING;
  if (connection->group->is_raw) upgrading--;
  const char *first = connection->group->is_raw ? connection->hello : connection->request;
  buffer_append(&connection->out, first, strlen(first));
  connection_flush(connection);
}

static void entered(Connection *connection, uint64_t now) {
  Group *group = connection->group;
  connection->state = READY;
  opening--;
  group->joined++;
  histogram_add(&group->joining, now - connection->opened_ns);
  if (connection->was_ready) away--;
  else settled++;
  connection->was_ready = true;
  if (connection->is_slow) watch(connection, EPOLL_CTL_MOD, 0);
}

/* Bytes of the head of the answer, 0 when it isn't whole yet. */
static size_t upgraded(Connection *connection, const char *bytes, size_t length) {
  const char *end = memmem(bytes, length, "\r\n\r\n", 4);
  if (!end) return 0;
  if (length < 12 || memcmp(bytes, "HTTP/1.1 101", 12)) {
    connection_lost(connection, length < 12 ? 0 : atoi(bytes + 9));
    return 0;
  }
  connection->state = ENTERING;
  upgrading--;
  const Group *group = connection->group;
  if (*connection->hello) send_frame(connection, group->is_binary ? 2 : 1, connection->hello, strlen(connection->hello));
  if (!*connection->ready) entered(connection, now_ns());
  return (size_t)(end + 4 - bytes);
}

/* A server of binary frames may cut its bytes anywhere: what isn't whole at the end of a frame waits for the next. */
static void scan_stream(Connection *connection, const char *bytes, size_t length, uint64_t now) {
  Buffer *tail = &connection->tail;
  if (tail->length == 0) {
    size_t used = tokens_scan(connection, bytes, length, now);
    buffer_append(tail, bytes + used, length - used);
    return;
  }
  buffer_append(tail, bytes, length);
  size_t used = tokens_scan(connection, tail->bytes, tail->length, now);
  memmove(tail->bytes, tail->bytes + used, tail->length - used);
  tail->length -= used;
}

static void text_came(Connection *connection, const char *bytes, size_t length, uint64_t now) {
  Group *group = connection->group;
  if (connection->state == ENTERING && memmem(bytes, length, connection->ready, strlen(connection->ready))) entered(connection, now);
  uint64_t before = group->delivered;
  if (group->is_binary) scan_stream(connection, bytes, length, now);
  else tokens_scan(connection, bytes, length, now);
  if (group->delivered != before) return;
  if (*group->answer_to && length >= strlen(group->answer_to) && !memcmp(bytes, group->answer_to, strlen(group->answer_to))) {
    send_frame(connection, group->is_binary ? 2 : 1, group->answer, strlen(group->answer));
  }
  if (*group->alarm && memmem(bytes, length, group->alarm, strlen(group->alarm))) group->alarms++;
}

/* Bytes of the first frame, 0 when it isn't whole yet. */
static size_t frame_came(Connection *connection, const char *bytes, size_t length, uint64_t now) {
  const uint8_t *header = (const uint8_t *)bytes;
  if (length < 2) return 0;
  size_t size = header[1] & 127, at = 2;
  if (size >= 126) {
    size_t digits = size == 126 ? 2 : 8;
    if (length < 2 + digits) return 0;
    size = 0;
    for (size_t digit = 0; digit < digits; digit++) size = size << 8 | header[2 + digit];
    at = 2 + digits;
  }
  if (size > FRAME_BYTES_MAX) fail("a frame is too large");
  if (length < at + size) return 0;
  int opcode = header[0] & 15;
  if (opcode <= 2) text_came(connection, bytes + at, size, now);
  else if (opcode == 9) send_frame(connection, 10, bytes + at, size);
  else if (opcode == 8) connection_lost(connection, size >= 2 ? header[at] << 8 | header[at + 1] : 1005);
  return at + size;
}

static size_t raw_came(Connection *connection, const char *bytes, size_t length, uint64_t now) {
  if (connection->state == ENTERING && memmem(bytes, length, connection->ready, strlen(connection->ready))) entered(connection, now);
  return tokens_scan(connection, bytes, length, now);
}

static size_t piece_came(Connection *connection, const char *bytes, size_t length, uint64_t now) {
  if (connection->group->is_raw) return raw_came(connection, bytes, length, now);
  if (connection->state == UPGRADING) return upgraded(connection, bytes, length);
  return frame_came(connection, bytes, length, now);
}

static void readable(Connection *connection) {
  size_t kept = connection->rest.length;
  if (kept) memcpy(inbox, connection->rest.bytes, kept);
  ssize_t count = recv(connection->fd, inbox + kept, READ_BYTES, 0);
  if (count < 0 && errno == EAGAIN) return;
  if (count <= 0) {
    connection_lost(connection, 0);
    return;
  }
  uint64_t now = now_ns();
  size_t length = kept + (size_t)count, at = 0;
  while (at < length && connection->fd >= 0) {
    size_t used = piece_came(connection, inbox + at, length - at, now);
    if (used == 0) break;
    at += used;
  }
  if (connection->fd < 0) return;
  connection->rest.length = 0;
  if (at < length) buffer_append(&connection->rest, inbox + at, length - at);
  else if (!load.channels[connection->channel].emitters) buffer_free(&connection->rest);
}

void connection_event(Connection *connection, uint32_t events) {
  if (connection->fd < 0) return;
  if (connection->state == CONNECTING) {
    connected(connection);
    return;
  }
  if (events & EPOLLOUT) connection_flush(connection);
  if (connection->is_slow && connection->state == READY && !(events & (EPOLLERR | EPOLLHUP))) return;
  if (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) readable(connection);
}
