/** What every driver of the store keeps: run by the test of each. */
import { beforeEach, describe, expect, test } from "vitest";
import { type Acceptance, type AgentClaim, partitionOf, type Store } from "./store.ts";

const NOW = Date.now();
const HOUR_MS = 3_600_000;
let made = 0;

function claimOf(over: Partial<AgentClaim> = {}): AgentClaim {
  made += 1;
  const tenant = over.tenant ?? `t${made}`;
  const name = over.name ?? `n${made}`;
  return {
    tenant,
    // As long as real ids are: a driver may keep long keys in another way than short ones.
    id: `14091525-d428-4b68-9fd0-${String(made).padStart(12, "0")}`,
    name,
    address: `${name}@${tenant}.example.test`,
    fingerprint: `SHA256:${made}`,
    record: JSON.stringify({ made }),
    member: JSON.stringify({ name }),
    agentsMax: 100,
    ...over,
  };
}

function acceptanceOf(agent: AgentClaim, over: Partial<Acceptance> = {}): Acceptance {
  made += 1;
  const { tenant, id } = agent;
  return {
    agent: { tenant, id },
    id: `msg_1796062401_${String(made).padStart(16, "0")}`,
    body: `{"text":"body ${made}"}`,
    meta: `{"from":"meta ${made}"}`,
    expiresAtMs: NOW + HOUR_MS,
    rememberUntilMs: NOW + 2 * HOUR_MS,
    queueMax: 1_000,
    receivedMax: 0,
    job: null,
    ...over,
  };
}

function keyOf(): string {
  made += 1;
  return `key-${made}`;
}

export function describeStore(name: string, open: () => Store): void {
  describe(name, () => {
    let store: Store;
    beforeEach(() => {
      store = open();
    });
    const registered = async (over: Partial<AgentClaim> = {}) => {
      const claim = claimOf(over);
      expect(await store.register(claim)).toBe("registered");
      return claim;
    };
    const all = { afterN: 0, limit: 100, bytesMax: 1_000_000 };

    test("a value is read as written, claimed once, swapped only from what it is", async () => {
      const at = `at-${made}`;
      const key = keyOf();
      expect(await store.read(at, key)).toBeNull();
      expect(await store.claim(at, key, "a", null)).toBeNull();
      expect(await store.claim(at, key, "b", HOUR_MS)).toBe("a");
      expect(await store.swap(at, key, "b", "c", null)).toBe(false);
      expect(await store.swap(at, key, "a", "c", HOUR_MS)).toBe(true);
      expect(await store.read(at, key)).toBe("c");
      await store.write(at, key, "d", null);
      expect(await store.swap(at, key, "d", null, null)).toBe(true);
      expect(await store.remove(at, key)).toBe(false);
    });

    test("of racing claims one wins", async () => {
      const key = keyOf();
      const all = Array.from({ length: 20 }, (_, index) => store.claim("r", key, `${index}`, null));
      const answers = await Promise.all(all);
      expect(answers.filter((answer) => answer === null)).toHaveLength(1);
    });

    test("a value ends with its time to live", async () => {
      await store.write("ttl", "short", "a", 1);
      await expect.poll(() => store.read("ttl", "short")).toBeNull();
    });

    test("a list keeps the highest, highest first", async () => {
      const key = keyOf();
      for (const score of [3, 1, 2, 5]) await store.list("l", key, `m${score}`, score, 3);
      expect(await store.listed("l", key, 10)).toEqual(["m5", "m3", "m2"]);
      await store.list("l", key, "m2", 9, 3);
      await store.unlist("l", key, "m5");
      expect(await store.listed("l", key, 10)).toEqual(["m2", "m3"]);
      expect(await store.listed("l", key, 1)).toEqual(["m2"]);
    });

    test("counters count by window, and a record is read in the same step", async () => {
      const { tenant, id, record } = await registered();
      const minute = { name: `m:${id}`, windowMs: 60_000 };
      const hour = { name: `h:${id}`, windowMs: HOUR_MS };
      const at = Math.floor(NOW / HOUR_MS) * HOUR_MS;
      const enter = (now: number) => store.enter(tenant, `agent:${id}`, [minute, hour], now);
      expect(await enter(at)).toEqual({ value: record, counts: [1, 1] });
      expect((await enter(at + 59_999)).counts).toEqual([2, 2]);
      expect((await enter(at + 60_000)).counts).toEqual([1, 3]);
    });

    test("a name and a key belong to one agent of a tenant; the tenant's limit holds", async () => {
      const first = await registered({ agentsMax: 2 });
      const { tenant, name, address, fingerprint } = first;
      expect(await store.register(claimOf({ tenant, name, address }))).toBe("name_taken");
      expect(await store.register(claimOf({ tenant, fingerprint }))).toBe("key_taken");
      await registered({ tenant, agentsMax: 2 });
      expect(await store.register(claimOf({ tenant, agentsMax: 2 }))).toBe("limit");
      expect(await store.members(tenant)).toHaveLength(2);
      await registered({ fingerprint });
    });

    test("of racing registrations of a name one wins", async () => {
      const { tenant, name, address } = claimOf();
      const claims = Array.from({ length: 10 }, () => claimOf({ tenant, name, address }));
      const outcomes = await Promise.all(claims.map((claim) => store.register(claim)));
      expect(outcomes.filter((outcome) => outcome === "registered")).toHaveLength(1);
    });

    test("an agent is found by its address, and by the short one while that is one agent", async () => {
      const tenant = `short${made}`;
      const inner = `bob@repo.github.${tenant}.example.test`;
      const bob = await registered({ tenant, name: "bob", address: inner });
      const short = `bob@${tenant}.example.test`;
      const resolve = () => store.resolve(tenant, short, "bob", NOW);
      expect((await resolve())?.id).toBe(bob.id);
      const other = `bob@x.github.${tenant}.example.test`;
      await registered({ tenant, name: "bob", address: other });
      expect(await resolve()).toBeNull();
      expect(await store.resolve(tenant, `eve@${tenant}.example.test`, "eve", NOW)).toBeNull();
    });

    test("an agent that is gone is found no more, and its address is held", async () => {
      const claim = await registered();
      const { tenant, id, name, address, record } = claim;
      await store.accept(acceptanceOf(claim), NOW);
      expect(await store.deregister({ ...claim, record: "other" }, HOUR_MS)).toBe(false);
      expect(await store.deregister(claim, HOUR_MS)).toBe(true);
      expect(await store.resolve(tenant, address, name, NOW)).toBeNull();
      expect(await store.wipe(claim)).toBe(0);
      expect(await store.depth(claim, NOW)).toEqual({ count: 0, oldestMs: null });
      expect(await store.accept(acceptanceOf(claim), NOW)).toEqual({ outcome: "gone" });
      const again = claimOf({ tenant, name, address });
      expect(await store.register(again)).toBe("name_taken");
      expect(await store.save({ tenant, id }, record, "x", null)).toBe(false);
      await registered({ tenant, fingerprint: claim.fingerprint });
    });

    test("a record is saved only over what it was, with what lists show", async () => {
      const { tenant, id, address, record } = await registered();
      const member = { address, text: "new" };
      expect(await store.save({ tenant, id }, "other", "b", member)).toBe(false);
      expect(await store.save({ tenant, id }, record, "b", member)).toBe(true);
      expect(await store.members(tenant)).toEqual(["new"]);
      expect((await store.resolve(tenant, address, "", NOW))?.record).toBe("b");
    });

    test("a new key is claimed unless another agent has it", async () => {
      const { tenant, id, fingerprint } = await registered();
      const other = await registered({ tenant });
      const move = (to: string) => store.moveKey({ tenant, id }, fingerprint, to);
      expect(await move(other.fingerprint)).toBe(false);
      expect(await move("SHA256:new")).toBe(true);
      await registered({ tenant, fingerprint });
      expect(await store.register(claimOf({ tenant, fingerprint: "SHA256:new" }))).toBe(
        "key_taken",
      );
    });

    test("messages come in the order of n, each id once, and reading takes nothing", async () => {
      const agent = await registered();
      const messages = Array.from({ length: 5 }, () => acceptanceOf(agent));
      for (const [index, one] of messages.entries()) {
        expect(await store.accept(one, NOW)).toEqual({ outcome: "accepted", n: index + 1 });
      }
      const [first, , third] = messages;
      if (first === undefined || third === undefined) throw new Error("no messages");
      expect(await store.accept(first, NOW)).toEqual({ outcome: "seen" });
      const page = await store.pending(agent, { ...all, limit: 2 }, NOW);
      expect(page.count).toBe(5);
      expect(page.messages.map(({ n }) => n)).toEqual([1, 2]);
      const { id, body, expiresAtMs } = first;
      expect(page.messages[0]).toEqual({ id, n: 1, body, queuedAtMs: NOW, expiresAtMs });
      const rest = await store.pending(agent, { ...all, afterN: 2 }, NOW);
      expect(rest.messages.map(({ n }) => n)).toEqual([3, 4, 5]);
      expect(rest.count).toBe(3);
      expect(await store.heads([agent])).toEqual([{ n: 5, receipts: 0 }]);
      expect(await store.depth(agent, NOW)).toEqual({ count: 5, oldestMs: NOW });
    });

    test("a page ends at its bytes, but holds one message at least", async () => {
      const agent = await registered();
      for (let index = 0; index < 3; index += 1) await store.accept(acceptanceOf(agent), NOW);
      const page = await store.pending(agent, { ...all, bytesMax: 1 }, NOW);
      expect(page.messages).toHaveLength(1);
      expect(page.count).toBe(3);
    });

    test("of racing acks one gets the message, and an acked id isn't taken again", async () => {
      const agent = await registered();
      const message = acceptanceOf(agent);
      await store.accept(message, NOW);
      const acks = Array.from({ length: 10 }, () => store.ack(agent, [message.id], "relay", NOW));
      const acked = (await Promise.all(acks)).flat();
      expect(acked).toEqual([{ id: message.id, isFirst: true, meta: message.meta }]);
      expect(await store.ack(agent, [message.id, "msg_1_none"], "relay", NOW)).toEqual([]);
      expect(await store.accept(message, NOW)).toEqual({ outcome: "seen" });
    });

    test("a queued message is read by its id, and is gone with its ack", async () => {
      const agent = await registered();
      const { id, body, expiresAtMs } = acceptanceOf(agent);
      await store.accept(acceptanceOf(agent, { id, body, expiresAtMs }), NOW);
      const read = () => store.peek(agent, id, NOW);
      expect(await read()).toEqual({ id, n: 1, body, queuedAtMs: NOW, expiresAtMs });
      expect(await store.peek(agent, id, expiresAtMs)).toBeNull();
      await store.ack(agent, [id], "relay", NOW);
      expect(await read()).toBeNull();
    });

    test("nobody acks what is another's", async () => {
      const [agent, other] = [await registered(), await registered()];
      const message = acceptanceOf(agent);
      await store.accept(message, NOW);
      expect(await store.ack(other, [message.id], "relay", NOW)).toEqual([]);
      expect((await store.depth(agent, NOW)).count).toBe(1);
    });

    test("an expired message is neither read, counted nor acked, and frees its place", async () => {
      const agent = await registered();
      const short = acceptanceOf(agent, { expiresAtMs: NOW + 1_000, queueMax: 1 });
      await store.accept(short, NOW);
      const later = NOW + 1_000;
      expect(await store.ack(agent, [short.id], "relay", later)).toEqual([]);
      expect(await store.pending(agent, all, later)).toEqual({ messages: [], count: 0 });
      expect((await store.depth(agent, later)).count).toBe(0);
      const next = acceptanceOf(agent, { queueMax: 1 });
      expect((await store.accept(next, later)).outcome).toBe("accepted");
      expect((await store.accept(acceptanceOf(agent, { queueMax: 1 }), later)).outcome).toBe(
        "full",
      );
    });

    test("past so many messages a minute none is taken", async () => {
      const agent = await registered();
      const accept = () => store.accept(acceptanceOf(agent, { receivedMax: 2 }), NOW);
      const outcomes = [await accept(), await accept(), await accept()];
      expect(outcomes.map(({ outcome }) => outcome)).toEqual(["accepted", "accepted", "rate"]);
    });

    test("a mark is set once, and an ack counts as the mark of delivery", async () => {
      const agent = await registered();
      const message = acceptanceOf(agent);
      await store.accept(message, NOW);
      const { id, meta } = message;
      expect(await store.mark(agent, id, "d", "websocket")).toEqual({ isFirst: true, meta });
      expect(await store.mark(agent, id, "d", "webhook")).toEqual({ isFirst: false, meta });
      expect(await store.ack(agent, [id], "relay", NOW)).toEqual([{ id, isFirst: false, meta }]);
      expect(await store.mark(agent, id, "r", "1")).toEqual({ isFirst: true, meta });
      expect(await store.mark(agent, "msg_1_none", "r", "1")).toBeNull();
    });

    test("a process is there until its lease ends or it goes", async () => {
      const agent = await registered();
      const { tenant, address } = agent;
      const there = async (now: number) =>
        (await store.resolve(tenant, address, "", now))?.processes.toSorted();
      const soon = Date.now() + HOUR_MS;
      await store.here([agent], "a", soon);
      await store.here([agent], "b", soon + 1);
      expect(await there(NOW)).toEqual(["a", "b"]);
      expect(await there(soon)).toEqual(["b"]);
      await store.gone(agent, "b");
      expect(await there(NOW)).toEqual(["a"]);
    });

    test("receipts are kept in order, the newest of them, and taken once", async () => {
      const agent = await registered();
      for (const one of ["a", "b", "c"]) await store.keepReceipt(agent, one, 2, HOUR_MS);
      expect(await store.heads([agent])).toEqual([{ n: 0, receipts: 2 }]);
      expect(await store.takeReceipts(agent)).toEqual(["b", "c"]);
      expect(await store.takeReceipts(agent)).toEqual([]);
    });

    test("a job is due at its time, leased to one, and done once it is finished", async () => {
      const agent = await registered();
      const partition = partitionOf(agent.tenant);
      const at = NOW + 1_000_000 + made * 1_000;
      const id = `job-${made}`;
      const mine = async (now: number) =>
        (await store.due(partition, now, 100, 1_000)).filter((job) => job.id === id);
      await store.schedule(agent.tenant, { id, atMs: at, value: "v" });
      expect(await mine(at - 1)).toEqual([]);
      const racing = await Promise.all([mine(at), mine(at), mine(at)]);
      expect(racing.flat()).toEqual([{ id, value: "v" }]);
      expect(await mine(at + 100)).toEqual([{ id, value: "v" }]);
      await store.schedule(agent.tenant, { id, atMs: at + 500, value: "w" });
      expect(await mine(at + 200)).toEqual([]);
      expect(await mine(at + 500)).toEqual([{ id, value: "w" }]);
      await store.finish(agent.tenant, id);
      expect(await mine(at + 9_000)).toEqual([]);
    });

    test("a message and its job are accepted together", async () => {
      const agent = await registered();
      const job = { id: `with-${made}`, atMs: 0, value: "v" };
      await store.accept(acceptanceOf(agent, { job }), NOW);
      const due = await store.due(partitionOf(agent.tenant), 0, 1, 1_000);
      expect(due).toContainEqual({ id: job.id, value: "v" });
      await store.finish(agent.tenant, job.id);
    });
  });
}
