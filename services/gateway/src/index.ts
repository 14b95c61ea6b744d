/**
 * Sockets in, tokens out. `main.ts` runs it as a process; `startGateway` runs it within another.
 */

export type { HttpHandler } from "./accept/http-bridge.ts";
export type { Bus, Deliver } from "./bus/bus.ts";
export { openMemoryBus } from "./bus/bus-memory.ts";
export { openRedisBus } from "./bus/bus-redis.ts";
export { GATEWAY_PROCESS_SETTINGS, GATEWAY_SETTINGS, type GatewayConfig } from "./config.ts";
export { type Gateway, type GatewayOptions, startGateway } from "./gateway.ts";
