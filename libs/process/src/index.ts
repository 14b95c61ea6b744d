/**
 * What every deployed process has: configuration, log, admin port, signals. It knows nothing of the
 * wire.
 */
export { type AdminPort, type Health, healthBody, openAdminPort } from "./admin.ts";
export { CpuBudget, costMs, REQUEST_MS } from "./cpu-budget.ts";
export {
  HOST_REFUSAL,
  type HostNames,
  type HostRule,
  hostRuleOf,
} from "./hosts.ts";
export {
  type HttpApp,
  type HttpServer,
  openHttpServer,
  type PeerAddress,
  type Upgrade,
} from "./http-server.ts";
export {
  IDENTITY_SETTINGS,
  type IssuerSettings,
  isSafeUrl,
  readIdentity,
} from "./identity-settings.ts";
export { describeError, LOG_LEVELS, type Log, openLog } from "./log.ts";
export {
  type CpuLimits,
  createMeters,
  type Meter,
  type Meters,
  sentenceOf,
} from "./meter.ts";
export { countRejections, createRegistry, openMetrics } from "./metrics.ts";
export { type AllowList, allowList, isPublicAddress } from "./net/addresses.ts";
export {
  Outgoing,
  type OutgoingAnswer,
  type OutgoingRequest,
  type Resolve,
} from "./net/outgoing.ts";
export {
  namesPeppers,
  PEPPER_SETTINGS,
  type PepperLists,
  readPepperFile,
  readPepperSettings,
  readPeppers,
  storeFault,
} from "./peppers.ts";
export { EXIT_UNAVAILABLE, exitMisconfigured, stopOnSignal } from "./process.ts";
export { addressOf, baseUrlOf, isHost, networkOf, type Reached } from "./reached.ts";
export { createSealer, type Sealer } from "./sealed.ts";
export {
  type Checked,
  choice,
  type Environment,
  EXIT_CONFIG,
  faultsOf,
  flag,
  integer,
  optionalBaseUrl,
  optionalName,
  optionalPort,
  type Read,
  readSettings,
  type Setting,
  type Settings,
  secretList,
  secretText,
  settingsTable,
  text,
  type ValuesOf,
} from "./settings.ts";
export {
  CPU_SETTINGS,
  DEPLOYMENT_SETTINGS,
  EVENT_SETTINGS,
  edgeProcessSettings,
  HOST_SETTINGS,
  OAUTH_SETTINGS,
  processSettings,
  REACHED_SETTINGS,
  STOP_SETTINGS,
} from "./shared-settings.ts";
