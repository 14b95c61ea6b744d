/** The store knows its peppers (§8.2). */

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { PEPPER_CHECKS_MAX } from "../check-values.ts";
import type { PepperList } from "../secrets.ts";
import { faultOf, type World } from "./world.ts";

const pepper = (name: string) => name.padEnd(32, ".");
const list = (first: string, ...others: string[]): PepperList => [
  pepper(first),
  ...others.map(pepper),
];

export function peppersContract(open: () => Promise<World>): void {
  describe("peppers", () => {
    let world: World;
    beforeEach(async () => {
      world = await open();
    });
    afterEach(() => world.close());

    const confirm = (credential: PepperList, link = credential, directory = world.directory) =>
      directory.confirmPeppers({ credential, link }).then(faultOf);

    test("§8.2 whoever has none of the store's peppers is refused, per list, and changes nothing", async () => {
      expect(await confirm(list("a"))).toBeNull();
      const before = await world.dump();
      expect(await confirm(list("b"), list("a"))).toBe("credential");
      expect(await confirm(list("a"), list("b", "c"))).toBe("link");
      expect(await confirm(list("a"))).toBeNull();
      expect(await world.dump()).toEqual(before);
    });

    test("§8.2 a rotation rolls: the new pepper becomes known by the old one, and then does without it", async () => {
      expect(await confirm(list("a"))).toBeNull();
      expect(await confirm(list("a", "b"))).toBeNull();
      expect(await confirm(list("b"))).toBe("credential");
      expect(await confirm(list("b", "a"))).toBeNull();
      expect(await confirm(list("a"))).toBeNull();
      expect(await confirm(list("b"))).toBeNull();
    });

    test("§8.2 of processes that start together with different peppers one is right", async () => {
      const names = ["a", "b", "c", "d", "e", "f"];
      const faults = await Promise.all(
        names.map((one, index) =>
          confirm(list(one), list(one), index % 2 === 0 ? world.directory : world.other),
        ),
      );
      expect(faults.filter((fault) => fault === null)).toHaveLength(1);
    });

    test("the known peppers are bounded: the first of many rotations is forgotten", async () => {
      for (let turn = 0; turn <= PEPPER_CHECKS_MAX; turn += 1) {
        expect(await confirm(list(`p${turn + 1}`, `p${turn}`))).toBeNull();
      }
      expect(await confirm(list("p1"))).toBe("credential");
      expect(await confirm(list("p2"))).toBeNull();
    });
  });
}
