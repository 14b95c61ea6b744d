/* The phases of a run, on one epoll loop: connect, warm up, measure, drain. */
#define _GNU_SOURCE
#include "load.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_MAX 1024
/* Longest sleep when nothing is due, so that the phases go on. */
#define LOOK_AGAIN_NS 5000000ull

int epoll_fd;
uint32_t upgrading, opening, settled, away;
static int timer_fd;
static Connection timer_mark, stdin_mark;
static bool was_told_to_stop;

uint64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000ull + (uint64_t)time.tv_nsec;
}

void fail(const char *what) {
  fprintf(stderr, "load: %s\n", what);
  exit(1);
}

static void set_timer(uint64_t at) {
  struct itimerspec when = {.it_value = {.tv_sec = (time_t)(at / 1000000000ull), .tv_nsec = (long)(at % 1000000000ull)}};
  timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

/* Seconds of processor time of a process, all its threads; -1 where the system doesn't say. */
static double cpu_of(int pid) {
  char path[64], line[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  FILE *file = fopen(path, "r");
  if (!file) return -1;
  size_t length = fread(line, 1, sizeof line - 1, file);
  fclose(file);
  line[length] = 0;
  char *at = strrchr(line, ')');
  unsigned long user = 0, system = 0;
  if (!at || sscanf(at + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2) return -1;
  return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static double own_cpu(void) {
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static uint64_t measure_began_ns;

static void begin_measure(void) {
  for (uint32_t at = 0; at < load.groups_count; at++) {
    Group *group = &load.groups[at];
    group->emitted_before = group->emitted;
    group->delivered_before = group->delivered;
    memset(&group->latency, 0, sizeof group->latency);
    memset(&group->late, 0, sizeof group->late);
  }
  for (uint32_t at = 0; at < load.watched_count; at++) load.watched[at].cpu_s = -cpu_of(load.watched[at].pid);
  load.client_cpu_s = -own_cpu();
  measure_began_ns = now_ns();
}

static void end_measure(void) {
  load.measured_s = (double)(now_ns() - measure_began_ns) / 1e9;
  load.client_cpu_s += own_cpu();
  for (uint32_t at = 0; at < load.watched_count; at++) {
    double cpu_s = cpu_of(load.watched[at].pid);
    load.watched[at].cpu_s = cpu_s < 0 ? -1 : load.watched[at].cpu_s + cpu_s;
  }
  for (uint32_t at = 0; at < load.groups_count; at++) {
    Group *group = &load.groups[at];
    group->emitted_window = group->emitted - group->emitted_before;
    group->delivered_window = group->delivered - group->delivered_before;
  }
}

static uint64_t still_to_come(void) {
  uint64_t missing = 0;
  for (uint32_t at = 0; at < load.emitters_count; at++) {
    const Emitter *emitter = &load.emitters[at];
    uint64_t wanted = emitter->count * emitter->fan;
    if (wanted > emitter->heard) missing += wanted - emitter->heard;
  }
  return missing;
}

/* Opens the next connections, and those that lost theirs; no more than so many are under way at once. */
static void open_more(uint64_t now) {
  static uint32_t next;
  uint32_t looked = 0;
  if (settled == load.connections_count && away == 0 && opening == 0) return;
  while (upgrading < load.connecting_max && opening < load.entering_max && looked++ < load.connections_count) {
    Connection *connection = &load.connections[next];
    next = (next + 1) % load.connections_count;
    if (connection->state == IDLE && connection->again_ns <= now) connection_open(connection);
  }
}

static void wait_for_events(uint64_t until) {
  static struct epoll_event events[EVENTS_MAX];
  set_timer(until);
  int count = epoll_wait(epoll_fd, events, EVENTS_MAX, -1);
  for (int at = 0; at < count; at++) {
    Connection *connection = events[at].data.ptr;
    if (connection == &timer_mark) {
      uint64_t expirations;
      if (read(timer_fd, &expirations, sizeof expirations) < 0) continue;
    } else if (connection == &stdin_mark) {
      char byte;
      if (read(STDIN_FILENO, &byte, 1) <= 0) exit(0); /* Whoever started this has ended. */
      was_told_to_stop = true;
    } else {
      connection_event(connection, events[at].events);
    }
  }
}

/* Runs until this is true or the time is up. */
static void run_until(bool (*is_over)(void), uint64_t deadline) {
  for (;;) {
    uint64_t now = now_ns();
    if (now >= deadline || is_over()) return;
    open_more(now);
    uint64_t next = tokens_emit(now), until = now + LOOK_AGAIN_NS;
    if (next && next < until) until = next;
    if (deadline < until) until = deadline;
    wait_for_events(until);
  }
}

static bool all_settled(void) { return settled == load.connections_count; }
static bool never(void) { return false; }
static bool nothing_to_come(void) { return still_to_come() == 0; }

/* While held: says when connections were lost and when all of them are back. */
static bool stopped(void) {
  static uint64_t lost_ns;
  if (away > 0 && lost_ns == 0) lost_ns = now_ns();
  if (away == 0 && lost_ns != 0) {
    load.back_s = (double)(now_ns() - lost_ns) / 1e9;
    printf("back %.6f\n", load.back_s);
    fflush(stdout);
    lost_ns = 0;
  }
  return was_told_to_stop;
}

static void prepare(void) {
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  prctl(PR_SET_TIMERSLACK, 1);
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  struct epoll_event timer = {.events = EPOLLIN, .data.ptr = &timer_mark};
  struct epoll_event input = {.events = EPOLLIN, .data.ptr = &stdin_mark};
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, timer_fd, &timer);
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, STDIN_FILENO, &input);
}

void run_loop(void) {
  const uint64_t ms = 1000000;
  prepare();
  uint64_t began = now_ns();
  run_until(all_settled, began + load.connect_ms * ms);
  load.ready_s = (double)(now_ns() - began) / 1e9;
  printf("ready %.6f\n", load.ready_s);
  fflush(stdout);
  emitting = true;
  run_until(never, now_ns() + load.warmup_ms * ms);
  begin_measure();
  if (load.holds) run_until(stopped, UINT64_MAX);
  else run_until(never, now_ns() + load.measure_ms * ms);
  end_measure();
  emitting = false;
  run_until(nothing_to_come, now_ns() + load.drain_ms * ms);
}

int main(void) {
  read_spec();
  tokens_prepare();
  run_loop();
  print_result();
  fflush(stdout);
  /* Whoever started this looks around before the connections end, and then ends its stdin. */
  char rest[64];
  while (read(STDIN_FILENO, rest, sizeof rest) > 0) continue;
  return 0;
}
