/** The table of cases, in the order in which they run. */
import type { Case } from "./case.ts";
import { fanCase } from "./cases/fan.ts";

export const CASES: readonly Case[] = [
  fanCase(1, 32, { gatewayPerToken: 2.5, redisPerToken: 0.2, commandsPerToken: 0.2 }),
  fanCase(10, 32),
  fanCase(100, 32, { deliveries: 0.9, cpuPerDelivery: 1.15 }),
  fanCase(1_000, 32, { deliveries: 0.9, cpuPerDelivery: 1.15 }),
  fanCase(5_000, 32),
  fanCase(100, 1_024),
  fanCase(100, 65_536),
];

/** Those whose names were asked for, or all. Null when a name is unknown. */
export function chooseCases(names: readonly string[]): readonly Case[] | null {
  if (names.length === 0) return CASES;
  const chosen = CASES.filter(({ name }) => names.includes(name));
  return new Set(names).size === chosen.length ? chosen : null;
}
