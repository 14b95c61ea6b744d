/**
 * The floor of mail: node:http, JSON, one Ed25519 verification and one script on Redis for each
 * request. A process of its own, which ends with its stdin.
 */
import { createHash, createPublicKey, verify } from "node:crypto";
import { createServer } from "node:http";
import { Redis } from "ioredis";

const [, , port = "0", redisUrl = "", pem = ""] = process.argv;
const redis = new Redis(redisUrl);
redis.defineCommand("keep", {
  numberOfKeys: 1,
  lua: "local n = redis.call('INCR', KEYS[1] .. 'n')\nredis.call('SET', KEYS[1] .. n, ARGV[1], 'PX', 60000)\nreturn n",
});
const key = createPublicKey(pem);

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const text = Buffer.concat(chunks).toString();
    const { from, to, subject, priority, signature, payload } = JSON.parse(text);
    const { message, type } = payload;
    const hash = createHash("sha256").update(JSON.stringify({ message, type })).digest("base64");
    const signed = Buffer.from([from, to, subject, priority, "", hash].join("|"));
    const isValid = verify(null, signed, key, Buffer.from(signature, "base64"));
    const keep: unknown = Reflect.get(redis, "keep");
    if (!isValid || typeof keep !== "function") return void response.writeHead(403).end();
    Promise.resolve(Reflect.apply(keep, redis, ["bare:", text])).then(
      (n: unknown) => response.end(JSON.stringify({ id: n, status: "queued" })),
      () => response.writeHead(503).end(),
    );
  });
});
server.listen(Number(port), "127.0.0.1", () => process.stdout.write("listening\n"));
process.stdin.on("end", () => process.exit(0)).resume();
