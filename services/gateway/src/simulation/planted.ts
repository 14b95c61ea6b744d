/** Faults that are planted to see that the checker catches them. They change what surrounds the gateways, never the gateways. */
import type { Directory } from "@ams/directory";
import type { Bus } from "../bus.ts";
import type { PortFaults } from "./port.ts";
import type { Tamper } from "./store-server.ts";

export type Planted = {
  readonly tamper?: Tamper;
  readonly port?: PortFaults;
  readonly directory?: (directory: Directory) => Directory;
  readonly bus?: (bus: Bus) => Bus;
};
