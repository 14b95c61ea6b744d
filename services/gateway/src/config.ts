/** What an operator can set of a gateway. docs/OPERATIONS.md has the table made from this. */
import {
  choice,
  flag,
  integer,
  LOG_LEVELS,
  optionalPort,
  PEPPER_SETTINGS,
  secretText,
  text,
  type ValuesOf,
} from "@ams/runtime";

/** Settings of the gateway's behaviour, wherever it runs. */
export const GATEWAY_SETTINGS = {
  AMS_STREAMS_PER_ACCOUNT: integer(
    10,
    "Streams that an account holds at a time, in all its conversations together; past it 4003. `control limits` sets it for one account.",
    { min: 1 },
  ),
  AMS_SUBSCRIBERS_PER_CONVERSATION: integer(
    100,
    "Subscribers that a conversation holds at a time; past it 4003. `control limits` sets it for one account's.",
    { min: 1 },
  ),
  AMS_GUESTS: flag(true, "Whether the holder of a link may join without an account."),
  AMS_FRAMES_PER_SECOND: integer(
    20_000,
    "Frames that one connection sends per second; past it 4290. 0: no limit.",
  ),
  AMS_FRAMES_BURST: integer(40_000, "Frames that it may send at once after a silence.", { min: 1 }),
  AMS_BYTES_PER_SECOND: integer(
    33_554_432,
    "Bytes that one connection sends per second; past it 4290. 0: no limit.",
  ),
  AMS_BYTES_BURST: integer(
    33_554_432,
    "Bytes that it may send at once after a silence; at least one frame of 1 MiB.",
    {
      min: 1_048_576,
    },
  ),
  AMS_BACKPRESSURE_BYTES: integer(
    1_048_576,
    "Unsent bytes that the gateway keeps for a slow reader before it closes it 4290. Several bursts, since one turn of the event loop may publish more than a small limit even to a healthy reader.",
    { min: 65_536, max: 268_435_456 },
  ),
  AMS_DRAIN_MS: integer(
    5_000,
    "Milliseconds that a stopping gateway takes to close its sockets, in slices.",
    {
      max: 600_000,
    },
  ),
  AMS_DRAIN_SPREAD_MS: integer(
    5_000,
    "Milliseconds over which it spreads the times at which it asks them to come back.",
    {
      max: 600_000,
    },
  ),
};

/** Settings of a gateway that is a process of its own. */
export const GATEWAY_PROCESS_SETTINGS = {
  HOST: text(
    "127.0.0.1",
    "Address that the public port binds. 0.0.0.0 or :: to be reached from outside.",
  ),
  PORT: integer(8_080, "The public port.", { max: 65_535 }),
  AMS_ADMIN_HOST: text("127.0.0.1", "Address that the admin port binds."),
  AMS_ADMIN_PORT: optionalPort(
    "The admin port: /healthz, /livez, /readyz, /metrics. Empty: none.",
    "9090",
  ),
  AMS_INSTANCE: text("", "Name of this instance in /healthz and the log. Empty: the host name."),
  AMS_LOG_LEVEL: choice(LOG_LEVELS, "info", "Least level that is logged."),
  AMS_REDIS_URL: secretText(
    "Where Redis is: redis://host:port, rediss://…, redis+sentinel://host:port,host:port/master or redis+cluster://host:port,host:port. Needed.",
  ),
  ...PEPPER_SETTINGS,
  ...GATEWAY_SETTINGS,
};

export type GatewayConfig = ValuesOf<typeof GATEWAY_SETTINGS>;
