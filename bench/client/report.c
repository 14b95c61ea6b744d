/* What was measured, as one line of JSON on stdout. ../src/load-result.ts reads it. */
#include "load.h"
#include <stdio.h>

void histogram_add(Histogram *histogram, uint64_t value) {
  uint32_t power = value < 64 ? 0 : (uint32_t)(58 - __builtin_clzll(value));
  histogram->cells[power * 64 + (power == 0 ? value : (value >> power) & 63)]++;
  histogram->count++;
  if (value > histogram->max) histogram->max = value;
}

uint64_t histogram_at(const Histogram *histogram, double share) {
  uint64_t wanted = (uint64_t)(share * (double)histogram->count), seen = 0;
  for (uint32_t cell = 0; cell < HISTOGRAM_CELLS; cell++) {
    seen += histogram->cells[cell];
    if (seen > wanted) return (uint64_t)(cell % 64) << (cell / 64);
  }
  return histogram->max;
}

static void print_histogram(const char *name, const Histogram *histogram) {
  printf("\"%s\":{\"count\":%lu,\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f}", name, histogram->count,
         (double)histogram_at(histogram, 0.5) / 1e3, (double)histogram_at(histogram, 0.9) / 1e3,
         (double)histogram_at(histogram, 0.99) / 1e3, (double)histogram_at(histogram, 0.999) / 1e3,
         (double)histogram->max / 1e3);
}

static void print_group(const Group *group, uint64_t expected, uint64_t heard) {
  printf("{\"name\":\"%s\",\"members\":%u,\"joined\":%u,\"failed\":%u,", group->name, group->members, group->joined, group->failed);
  printf("\"emitted\":%lu,\"delivered\":%lu,", group->emitted_window, group->delivered_window);
  printf("\"emitted_total\":%lu,\"delivered_total\":%lu,\"expected_total\":%lu,", group->emitted, group->delivered, expected);
  printf("\"lost\":%lu,\"missed\":%lu,\"doubled\":%lu,\"reordered\":%lu,\"own\":%lu,\"wrong_seq\":%lu,\"alarms\":%lu,",
         expected > heard ? expected - heard : 0, group->missed, group->doubled, group->reordered, group->own, group->wrong_seq,
         group->alarms);
  printf("\"closes\":{");
  for (int at = 0; at < CODES_MAX && group->codes[at].count; at++) {
    printf("%s\"%d\":%lu", at ? "," : "", group->codes[at].code, group->codes[at].count);
  }
  printf("},");
  print_histogram("latency_us", &group->latency);
  printf(",");
  print_histogram("late_us", &group->late);
  printf(",");
  print_histogram("joining_us", &group->joining);
  printf("}");
}

void print_result(void) {
  printf("result {\"measured_s\":%.6f,\"ready_s\":%.6f,\"back_s\":%.6f,\"client_cpu_s\":%.6f,\"cpu_s\":{", load.measured_s, load.ready_s,
         load.back_s, load.client_cpu_s);
  for (uint32_t at = 0; at < load.watched_count; at++) {
    printf("%s\"%s\":%.3f", at ? "," : "", load.watched[at].name, load.watched[at].cpu_s);
  }
  printf("},\"groups\":[");
  for (uint32_t at = 0; at < load.groups_count; at++) {
    const Group *group = &load.groups[at];
    uint64_t expected = 0, heard = 0;
    for (uint32_t index = 0; index < group->emitters_count; index++) {
      const Emitter *emitter = &load.emitters[group->emitters[index]];
      expected += emitter->count * emitter->fan;
      heard += emitter->heard;
    }
    if (at) printf(",");
    print_group(group, expected, heard);
  }
  printf("]}\n");
}
