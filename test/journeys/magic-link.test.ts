/** A magic link from its mint to three kinds of subscriber on two gateways. */
import { expect, test } from "vitest";
import WebSocket from "ws";
import { createAccount, inspect, mint } from "../conformance/driver.ts";
import { dialUrl, type Subscriber } from "../conformance/subscriber.ts";
import { gatewayOf, inCluster, onRedis } from "./journey.ts";

onRedis("three subscribers on two gateways", () => {
  const cluster = inCluster({ gateways: 2 });

  /** The link as its reader uses it, but at one gateway's own address. */
  function dialAt(link: string, gateway: number): URL {
    const url = new URL(link);
    url.host = new URL(gatewayOf(cluster(), gateway).url).host;
    url.protocol = "ws:";
    url.pathname += "/connect";
    return url;
  }

  test("§1.4 §5.1 a program with headers, a browser and a guest each hear the two others and never themselves", async () => {
    const [ann, bob] = [await createAccount(), await createAccount()];
    const minted = await mint(ann, { alias: "stand-up", metadata: { title: "Stand-up" } });
    expect(minted.magic_link.startsWith(`${cluster().url}/${ann.namespace}/`)).toBe(true);

    const program = dialUrl(dialAt(minted.magic_link, 0), { as: ann, name: "program" });
    const inBrowser = dialAt(minted.magic_link, 1);
    inBrowser.searchParams.set("stream_name", "browser");
    const browser = dialUrl(inBrowser, {
      protocols: ["ams.v1", `ams.bearer.${bob.credential}`],
    });
    const asGuest = dialAt(minted.magic_link, 1);
    asGuest.searchParams.set("stream_name", "guest");
    const guest = dialUrl(asGuest, { protocols: ["ams.v1", "ams.guest"] });
    const all: readonly Subscriber[] = [program, browser, guest];
    for (const one of all) expect(await one.settled()).toBe(true);
    for (const one of all) await one.see("the two others", () => one.peers.size === 2);

    expect(browser.socket.protocol).toBe("ams.v1");
    expect(program.joined.owner_account_id).toBe(ann.account_id);
    expect(browser.joined.owner_account_id).toBe(bob.account_id);
    expect(guest.joined.owner_account_id).toMatch(/^acc_anon_[0-9a-f]{26}$/);
    expect(guest.joined.conversation_metadata).toEqual({ title: "Stand-up" });
    expect((await inspect(minted)).streams).toHaveLength(3);

    for (const one of all) for (const word of ["one", "two"]) one.say(`${one.id} ${word}`);
    for (const one of all) {
      await one.see("four tokens", () => one.heard.length === 4);
      await one.drained();
      const others = all.filter((other) => other !== one);
      const expected = others.flatMap(({ id }) => [`${id} one`, `${id} two`]);
      expect([...one.heard].sort()).toEqual(expected.sort());
    }
  });

  test("§1.5 the link works as it is, through the deployment's own address", async () => {
    const ann = await createAccount();
    const minted = await mint(ann);
    const url = new URL(minted.magic_link.replace(/^http/, "ws"));
    url.pathname += "/connect";
    const guests = ["ada", "bob"].map((name) =>
      dialUrl(url, { protocols: ["ams.v1", "ams.guest"], name }),
    );
    const [ada, bob] = guests;
    for (const guest of guests) await guest.see("the other", () => guest.peers.size === 1);
    ada?.say("through the entry");
    await bob?.token("through the entry");
    expect(ada?.socket.readyState).toBe(WebSocket.OPEN);
  });
});
