/**
 * The ceiling: uWebSockets.js with nothing on top. Whatever a socket sends goes as it is to all others of its path, by the
 * library's own `publish`; on a path that ends in /echo it goes back. A process of its own, which ends with its stdin.
 */
import * as uWS from "uWebSockets.js";

/** As the gateway's defaults, so that slow readers and idle ones cost the same. */
const MAX_BACKPRESSURE_BYTES = 1_048_576;
const IDLE_TIMEOUT_S = 120;
const FRAME_BYTES_MAX = 1_048_576;

type Data = { readonly topic: string; readonly isEcho: boolean };

const app = uWS.App();
app.ws<Data>("/*", {
  maxPayloadLength: FRAME_BYTES_MAX,
  maxBackpressure: MAX_BACKPRESSURE_BYTES,
  idleTimeout: IDLE_TIMEOUT_S,
  compression: 0,
  upgrade: (response, request, context) => {
    const topic = request.getUrl();
    response.upgrade<Data>(
      { topic, isEcho: topic.endsWith("/echo") },
      request.getHeader("sec-websocket-key"),
      "",
      "",
      context,
    );
  },
  open: (ws) => {
    const { topic, isEcho } = ws.getUserData();
    if (!isEcho) ws.subscribe(topic);
    ws.send("entered");
  },
  message: (ws, frame) => {
    const { topic, isEcho } = ws.getUserData();
    if (isEcho) ws.send(frame, false);
    else ws.publish(topic, frame, false);
  },
});
app.listen("127.0.0.1", Number(process.argv[2]), (listening) => {
  process.stdout.write(listening === false ? "failed\n" : "listening\n");
});
process.stdin.on("end", () => process.exit()).resume();
