/** What every queue promises: the suite that runs on both. */
import { expect, test } from "vitest";
import type { Store } from "./store.ts";

const KEEP = 10_000_000;
const NOW = Date.now();
let made = 0;

export function describeStore(kind: string, store: () => Store): void {
  const fresh = (name: string) => {
    made += 1;
    return `${name}-${kind}-${made}`;
  };
  const jobOf = (endpoint: string, value = "v") => ({ id: fresh("job"), endpoint, value });
  const at = (nowMs: number) => ({ nowMs, leaseMs: 1_000, busyMs: 500 });

  test(`${kind}: a job is due at once, leased once, and again after its lease`, async () => {
    const endpoint = fresh("wh");
    const job = jobOf(endpoint);
    await store().add(job, NOW, KEEP);
    await store().add({ ...job, value: "other" }, NOW, KEEP);
    expect(await store().dueEndpoints(NOW, 100)).toContain(endpoint);
    expect(await store().claim(endpoint, at(NOW), 4)).toEqual([{ id: job.id, value: "v" }]);
    expect(await store().claim(endpoint, at(NOW), 4)).toEqual([]);
    expect(await store().dueEndpoints(NOW, 100)).not.toContain(endpoint);
    expect(await store().claim(endpoint, at(NOW + 1_000), 4)).toHaveLength(1);
    await store().finish({ ...job, value: "done" }, null);
    expect(await store().claim(endpoint, at(NOW + 9_000), 4)).toEqual([]);
    expect(await store().valueOf(job.id)).toBe("done");
    await store().again({ ...job, value: "again" }, NOW);
    expect(await store().claim(endpoint, at(NOW), 4)).toEqual([{ id: job.id, value: "again" }]);
  });

  test(`${kind}: jobs come by their time, a few at a time, and one that failed comes later`, async () => {
    const endpoint = fresh("wh");
    const jobs = [jobOf(endpoint), jobOf(endpoint), jobOf(endpoint)];
    for (const [index, job] of jobs.entries()) await store().add(job, NOW + index, KEEP);
    const first = await store().claim(endpoint, at(NOW + 10), 2);
    expect(first.map(({ id }) => id)).toEqual(jobs.slice(0, 2).map(({ id }) => id));
    const [one] = jobs;
    if (one === undefined) throw new Error("no job");
    await store().finish(one, NOW + 5_000);
    const second = await store().claim(endpoint, at(NOW + 10), 4);
    expect(second.map(({ id }) => id)).toEqual([jobs[2]?.id]);
    expect(await store().dueEndpoints(NOW + 4_999, 100)).toContain(endpoint);
  });

  test(`${kind}: a webhook that is busy doesn't hide the others`, async () => {
    const [busy, other] = [fresh("wh"), fresh("wh")];
    for (const endpoint of [busy, busy, other]) await store().add(jobOf(endpoint), NOW, KEEP);
    await store().claim(busy, at(NOW), 1);
    expect(await store().claim(busy, at(NOW), 0)).toEqual([]);
    expect(await store().dueEndpoints(NOW + 499, 1_000)).not.toContain(busy);
    expect(await store().dueEndpoints(NOW + 499, 1_000)).toContain(other);
    expect(await store().dueEndpoints(NOW + 500, 1_000)).toContain(busy);
    await store().drop(busy);
    expect(await store().dueEndpoints(NOW + 9_000, 1_000)).not.toContain(busy);
  });

  test(`${kind}: texts are kept, leases belong to one holder, sets list their members`, async () => {
    const name = fresh("name");
    await store().write(name, "text", KEEP);
    expect(await store().read(name)).toBe("text");
    await store().write(name, null);
    expect(await store().read(name)).toBeNull();
    expect(await store().lease(name, "a", KEEP)).toBe(true);
    expect(await store().lease(name, "b", KEEP)).toBe(false);
    expect(await store().lease(name, "a", KEEP)).toBe(true);
    const set = fresh("set");
    await store().setMember(set, "one", "1");
    await store().setMember(set, "two", "2");
    await store().setMember(set, "one", null);
    expect(await store().members(set)).toEqual([["two", "2"]]);
    await store().ping();
  });
}
