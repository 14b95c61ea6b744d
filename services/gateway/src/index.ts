/** Sockets in, tokens out. `main.ts` runs it as a process; `startGateway` runs it within another. */
export type { Bus, Deliver } from "./bus.ts";
export { openMemoryBus } from "./bus-memory.ts";
export { openRedisBus } from "./bus-redis.ts";
export { GATEWAY_PROCESS_SETTINGS, GATEWAY_SETTINGS, type GatewayConfig } from "./config.ts";
export { type Gateway, type GatewayOptions, startGateway } from "./gateway.ts";
export type { HttpHandler } from "./http-bridge.ts";
