/* Reads what to do: lines of `word key=value key=value`, values percent-encoded, until `end`. See ../src/load-spec.ts. */
#define _GNU_SOURCE
#include "load.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Load load;

/* Decodes in place. */
static char *decode(char *text) {
  char *to = text;
  for (const char *from = text; *from; from++) {
    if (*from == '%' && from[1] && from[2]) {
      char digits[3] = {from[1], from[2], 0};
      *to++ = (char)strtol(digits, NULL, 16);
      from += 2;
    } else {
      *to++ = *from;
    }
  }
  *to = 0;
  return text;
}

/* The value of a key on this line, or NULL. The line stays as it is. */
static char *value_of(const char *line, const char *key) {
  size_t length = strlen(key);
  for (const char *at = line; (at = strstr(at, key)); at += length) {
    if (at[-1] != ' ' || at[length] != '=') continue;
    at += length + 1;
    return decode(strndup(at, strcspn(at, " \n")));
  }
  return NULL;
}

static char *text_of(const char *line, const char *key) {
  char *value = value_of(line, key);
  return value ? value : strdup("");
}

static double number_of(const char *line, const char *key) {
  char *value = value_of(line, key);
  double number = value ? atof(value) : 0;
  free(value);
  return number;
}

/* One more element of this size behind `count` ones. */
static void *grow(void *array, uint32_t count, size_t size) {
  if ((count & (count - 1)) == 0) array = realloc(array, (count ? 2 * (size_t)count : 1) * size);
  if (!array) fail("memory");
  memset((char *)array + count * size, 0, size);
  return array;
}

static void read_group(const char *line) {
  load.groups = grow(load.groups, load.groups_count, sizeof(Group));
  Group *group = &load.groups[load.groups_count++];
  group->name = text_of(line, "name");
  group->is_raw = number_of(line, "raw");
  group->is_binary = number_of(line, "binary");
  group->is_echo = number_of(line, "echo");
  group->comes_back = number_of(line, "comes_back");
  group->checks_seq = number_of(line, "checks_seq");
  group->payload = (size_t)number_of(line, "payload");
  group->rate = number_of(line, "rate");
  group->window = (uint32_t)number_of(line, "window");
  group->pause_ms = (uint32_t)number_of(line, "pause_ms");
  group->answer_to = text_of(line, "answer_to");
  group->answer = text_of(line, "answer");
  group->alarm = text_of(line, "alarm");
}

static void read_member(const char *line) {
  load.connections = grow(load.connections, load.connections_count, sizeof(Connection));
  Connection *member = &load.connections[load.connections_count++];
  /* Groups may still move: the index replaces the pointer until the end. */
  member->group = (Group *)(uintptr_t)number_of(line, "group");
  member->fd = -1;
  member->emits = number_of(line, "emits");
  member->hears = number_of(line, "hears");
  member->is_slow = number_of(line, "slow");
  member->port = (uint16_t)number_of(line, "port");
  member->other_port = (uint16_t)number_of(line, "other_port");
  char *source = value_of(line, "source");
  member->source = source ? ntohl(inet_addr(source)) : 0;
  free(source);
  member->channel = (uint32_t)number_of(line, "channel");
  member->emitter = -1;
  member->request = text_of(line, "request");
  member->hello = text_of(line, "hello");
  member->ready = text_of(line, "ready");
  member->prefix = text_of(line, "prefix");
  member->suffix = text_of(line, "suffix");
  if (member->channel >= load.channels_count) load.channels_count = member->channel + 1;
}

static void read_watch(const char *line) {
  if (load.watched_count == WATCHED_MAX) fail("too many processes to watch");
  load.watched[load.watched_count].name = text_of(line, "name");
  load.watched[load.watched_count++].pid = (int)number_of(line, "pid");
}

static void read_run(const char *line) {
  load.warmup_ms = (uint32_t)number_of(line, "warmup_ms");
  load.measure_ms = (uint32_t)number_of(line, "measure_ms");
  load.drain_ms = (uint32_t)number_of(line, "drain_ms");
  load.connect_ms = (uint32_t)number_of(line, "connect_ms");
  load.connecting_max = (uint32_t)number_of(line, "connecting_max");
  load.entering_max = (uint32_t)number_of(line, "entering_max");
  load.holds = number_of(line, "holds");
}

void read_spec(void) {
  char *line = NULL;
  size_t capacity = 0;
  while (getline(&line, &capacity, stdin) > 0 && strncmp(line, "end", 3)) {
    if (!strncmp(line, "run ", 4)) read_run(line);
    else if (!strncmp(line, "watch ", 6)) read_watch(line);
    else if (!strncmp(line, "group ", 6)) read_group(line);
    else if (!strncmp(line, "member ", 7)) read_member(line);
    else fail("a line of the specification is unknown");
  }
  free(line);
  for (uint32_t index = 0; index < load.connections_count; index++) {
    Connection *member = &load.connections[index];
    member->group = &load.groups[(uintptr_t)member->group];
    member->group->members++;
  }
}
