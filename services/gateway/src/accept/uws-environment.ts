/**
 * Must be imported before the WebSocket library, which reads this once, when it loads. Bytes of
 * request line and headers.
 */
import { HEADER_BYTES_MAX } from "@ams/protocol";

process.env.UWS_HTTP_MAX_HEADERS_SIZE = String(HEADER_BYTES_MAX);
