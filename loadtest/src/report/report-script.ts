/**
 * What the report runs in a browser: draws its plots from the JSON in the file, anew when the
 * window or the colours change.
 */

/** Plain JavaScript: it is in the file as it is here. */
export const REPORT_SCRIPT = `
(() => {
  "use strict";
  const result = JSON.parse(document.getElementById("result").textContent);
  // The last one is no whole second: its counts would look like a fall.
  const whole = result.per_second.filter((second) => second.is_whole);
  const seconds = whole.length > 0 ? whole : result.per_second;
  const at = seconds.map((second) => second.at_s + 1);
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const span = (us) => us == null ? "–" : us < 1000 ? Math.round(us) + " µs" : us < 1e6 ? +(us / 1000).toPrecision(3) + " ms" : +(us / 1e6).toPrecision(3) + " s";
  const count = (value) => value == null ? "–" : Math.round(value).toLocaleString("en-US");
  const percent = (share) => share == null ? "–" : Math.round(share * 100) + " %";
  const axis = (more) => ({ stroke: color("--faint"), grid: { stroke: color("--line"), width: 1 }, ticks: { stroke: color("--line"), width: 1 }, size: 70, ...more });
  const line = (label, name, format, more) => ({ label, stroke: color(name), width: 1.5, points: { show: seconds.length < 40, size: 4 }, value: (_, value) => format(value), ...more });
  const clock = { label: "after", value: (_, value) => value == null ? "–" : value + " s" };
  /** Steps of an axis of time, in seconds. */
  const WHOLE = [1, 2, 5, 10, 30, 60, 300, 600, 1800, 3600, 7200, 21600];
  const timeAxis = () => axis({ size: 40, incrs: WHOLE, values: (_, splits) => splits.map((split) => split + " s") });
  const positive = (value) => value > 0 ? value : null;
  /** Of a logarithmic axis only powers of ten are named, as there is no space for more. */
  const decades = (format) => (_, splits) => splits.map((split) => split != null && Math.abs(Math.log10(split) % 1) < 1e-9 ? format(split) : "");
  /** The next power of ten below and above. */
  const decadeRange = (_, least, most) => [10 ** Math.floor(Math.log10(least || 1)), 10 ** Math.ceil(Math.log10(Math.max(most || 10, (least || 1) * 1.01)))];

  const spanScale = { distr: 3, log: 10, range: decadeRange };
  const heard = (pick) => seconds.map((second) => second.received > 0 ? positive(pick(second.latency_us)) : null);

  const plots = {
    latency: () => ({
      options: {
        scales: { x: { time: false }, y: spanScale },
        axes: [timeAxis(), axis({ values: decades(span) })],
        series: [clock, line("p50", "--one", span), line("p90", "--two", span), line("p99", "--three", span), line("p99.9", "--four", span)],
      },
      data: [at, heard((l) => l.p50), heard((l) => l.p90), heard((l) => l.p99), heard((l) => l.p99_9)],
    }),
    deliveries: () => ({
      options: {
        scales: { x: { time: false }, y: { range: (_, least, most) => [0, Math.max(1, most * 1.1)] } },
        axes: [timeAxis(), axis({ values: (_, splits) => splits.map(count) })],
        series: [clock, line("deliveries/s", "--one", count, { fill: color("--one") + "22" }), line("tokens/s", "--two", count), line("lost", "--four", count)],
      },
      data: [at, seconds.map((s) => s.received), seconds.map((s) => s.emitted), seconds.map((s) => Math.max(0, s.lost))],
    }),
    histogram: () => ({
      options: {
        scales: { x: { time: false, distr: 3, log: 10 }, y: { range: (_, least, most) => [0, Math.max(1, most * 1.1)] } },
        axes: [axis({ size: 40, values: decades(span) }), axis({ values: (_, splits) => splits.map(count) })],
        series: [{ label: "about", value: (_, value) => span(value) }, line("deliveries", "--one", count, { fill: color("--one") + "44", points: { show: false }, paths: uPlot.paths.bars({ size: [0.95] }) })],
      },
      data: bars(result.histogram_us),
    }),
    client: () => ({
      options: {
        scales: { x: { time: false }, y: { range: [0, 1.2] }, ms: { range: (_, least, most) => [0, Math.max(10, most * 1.1)] } },
        axes: [timeAxis(), axis({ values: (_, splits) => splits.map(percent) }), axis({ scale: "ms", side: 1, grid: { show: false }, values: (_, splits) => splits.map((split) => split + " ms") })],
        series: [clock, line("CPU of a core", "--one", percent), line("longest stall", "--three", (ms) => ms == null ? "–" : ms.toFixed(1) + " ms", { scale: "ms" })],
      },
      data: [at, seconds.map((s) => s.client_cpu), seconds.map((s) => s.client_stall_ms)],
    }),
  };

  /**
   * Twenty bars for each power of ten: the buckets of the histogram itself are finer than a
   * screen.
   */
  function bars(pairs) {
    const PER_DECADE = 20;
    const counts = new Map();
    for (let i = 0; i < pairs.length; i += 2) {
      const bar = Math.floor(Math.log10(pairs[i]) * PER_DECADE);
      counts.set(bar, (counts.get(bar) || 0) + pairs[i + 1]);
    }
    const keys = [...counts.keys()];
    if (keys.length === 0) return [[1, 10], [0, 0]];
    const xs = [], ys = [];
    for (let bar = Math.min(...keys) - 1; bar <= Math.max(...keys) + 1; bar += 1) {
      xs.push(10 ** ((bar + 0.5) / PER_DECADE));
      ys.push(counts.get(bar) || 0);
    }
    return [xs, ys];
  }

  const drawn = [];
  function draw() {
    for (const plot of drawn.splice(0)) plot.destroy();
    for (const [id, make] of Object.entries(plots)) {
      const element = document.getElementById(id);
      const { options, data } = make();
      drawn.push(new uPlot({ width: element.clientWidth, height: 300, cursor: { drag: { x: true, y: false } }, ...options }, data, element));
    }
  }
  draw();
  let width = document.body.clientWidth;
  addEventListener("resize", () => {
    if (document.body.clientWidth === width) return;
    width = document.body.clientWidth;
    draw();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();
`;
