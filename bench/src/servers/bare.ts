/**
 * The ceiling: uWebSockets.js with nothing on top. Whatever a socket sends goes as it is to all
 * others of its path, by the library's own `publish`; on a path that ends in /echo it goes back. A
 * process of its own, which ends with its stdin.
 *
 * On a path that ends in /turn it publishes behind the turn of the event loop instead of in the
 * handler. The library corks one socket at a time, and inside the handler that is the emitter's: a
 * burst of more than 32 frames then costs its readers a system call each. Copying the frame and
 * waiting for the end of the turn is dearer for one frame and far cheaper for many.
 */
import * as uWS from "uWebSockets.js";

/** As the gateway's defaults, so that slow readers and idle ones cost the same. */
const MAX_BACKPRESSURE_BYTES = 1_048_576;
const IDLE_TIMEOUT_S = 120;
const FRAME_BYTES_MAX = 1_048_576;

type Ways = "at once" | "echo" | "turn";
type Data = { readonly topic: string; readonly ways: Ways; readonly isDeaf: boolean };

type Waiting = { readonly ws: uWS.WebSocket<Data>; readonly frame: Buffer };
let waiting: Waiting[] = [];

const app = uWS.App();
app.ws<Data>("/*", {
  maxPayloadLength: FRAME_BYTES_MAX,
  maxBackpressure: MAX_BACKPRESSURE_BYTES,
  idleTimeout: IDLE_TIMEOUT_S,
  compression: 0,
  upgrade: (response, request, context) => {
    const topic = request.getUrl();
    response.upgrade<Data>(
      { topic, ways: waysOf(topic), isDeaf: request.getQuery() === "deaf" },
      request.getHeader("sec-websocket-key"),
      "",
      "",
      context,
    );
  },
  open: (ws) => {
    const { topic, ways, isDeaf } = ws.getUserData();
    // A socket on no topic can't publish: one that is to hear nothing sits on a topic of nobody's.
    if (ways !== "echo") ws.subscribe(isDeaf ? "/nobody" : topic);
    ws.send("entered");
  },
  message: (ws, frame) => {
    const { topic, ways } = ws.getUserData();
    if (ways === "echo") ws.send(frame, false);
    else if (ways === "at once") ws.publish(topic, frame, false);
    else publishLater(ws, frame);
  },
  close: (ws) => {
    waiting = waiting.filter((one) => one.ws !== ws);
  },
});
app.listen("127.0.0.1", Number(process.argv[2]), (listening) => {
  process.stdout.write(listening === false ? "failed\n" : "listening\n");
});
process.stdin.on("end", () => process.exit()).resume();

function waysOf(path: string): Ways {
  if (path.endsWith("/echo")) return "echo";
  return path.endsWith("/turn") ? "turn" : "at once";
}

/** The library takes the frame's memory back after the handler: it is copied. */
function publishLater(ws: uWS.WebSocket<Data>, frame: ArrayBuffer): void {
  if (waiting.push({ ws, frame: Buffer.from(new Uint8Array(frame)) }) > 1) return;
  setImmediate(() => {
    const published = waiting;
    waiting = [];
    for (const one of published) one.ws.publish(one.ws.getUserData().topic, one.frame, false);
  });
}
