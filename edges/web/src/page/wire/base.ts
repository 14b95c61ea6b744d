/**
 * Where this page reaches the deployment: its own origin, and the path below which it is served.
 */
import { baseOf } from "../model/address.ts";

export const BASE = baseOf(new URL(location.href));
