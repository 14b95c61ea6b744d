/** Addresses of Redis. */
import { expect, test } from "vitest";
import { parseRedisUrl, redisPrefix } from "./url.ts";

const nobody = { username: null, password: null };

test.each([
  [
    "redis://h",
    { kind: "single", endpoint: { host: "h", port: 6379 }, login: nobody, db: 0, tls: false },
  ],
  [
    "redis://u:p%40@h:7/2",
    {
      kind: "single",
      endpoint: { host: "h", port: 7 },
      login: { username: "u", password: "p@" },
      db: 2,
      tls: false,
    },
  ],
  [
    "rediss://:p@w@[::1]:7",
    {
      kind: "single",
      endpoint: { host: "::1", port: 7 },
      login: { username: null, password: "p@w" },
      db: 0,
      tls: true,
    },
  ],
  [
    "redis+sentinel://u:p@a:1,b/main?db=4&sentinel_username=s&sentinel_password=t&tls=true",
    {
      kind: "sentinel",
      sentinels: [
        { host: "a", port: 1 },
        { host: "b", port: 26379 },
      ],
      master: "main",
      login: { username: "u", password: "p" },
      sentinelLogin: { username: "s", password: "t" },
      db: 4,
      tls: true,
    },
  ],
  [
    "redis+cluster://:p@a:1,b:2",
    {
      kind: "cluster",
      nodes: [
        { host: "a", port: 1 },
        { host: "b", port: 2 },
      ],
      login: { username: null, password: "p" },
      tls: false,
    },
  ],
])("%s is read", (url, address) => {
  expect(parseRedisUrl(url)).toEqual({ ok: true, value: address });
});

test.each([
  "",
  "localhost:6379",
  "memcached://:s3cret@h",
  "http://:s3cret@h",
  "redis://:s3cret@h:0",
  "redis://:s3cret@h:65536",
  "redis://:s3cret@h:s3cret",
  "redis://:s3cret@a,b",
  "redis://:s3cret@h/s3cret",
  "redis://:s3cret@h?s3cret=1",
  "redis://:s3cret%@h",
  "redis://:s3cret@",
  "redis+sentinel://:s3cret@h",
  "redis+sentinel://:s3cret@h/m?tls=s3cret",
  "redis+cluster://:s3cret@h/3",
])("%s is refused in one sentence that repeats nothing of it", (url) => {
  const read = parseRedisUrl(url);
  expect(read).toEqual({ ok: false, fault: expect.stringMatching(/^must [^\n]*[^.]$/) });
  expect(JSON.stringify(read)).not.toContain("s3cret");
});

test.each([
  ["redis://h", null, "ams:"],
  ["redis://h/0", null, "ams:"],
  ["rediss://h/1", null, "ams:1:"],
  ["redis+sentinel://h/m?db=12", null, "ams:12:"],
  ["redis+cluster://h,i", null, "ams:"],
  ["redis+cluster://h,i", "blue", "blue:"],
  ["redis://h/1", "ams", "ams:"],
])("§8.7 keys and channels of %s named %s begin with its prefix", (url, named, prefix) => {
  expect(redisPrefix(url, named)).toBe(prefix);
});
