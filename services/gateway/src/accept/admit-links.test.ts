// Links with terms at the access checks.
import type { LinkTerms } from "@ams/directory";
import type { StreamName } from "@ams/protocol";
import { describe, expect, test } from "vitest";
import { admittedBy, connect, LINK_HASH, NOW, type World } from "../testing/connects.ts";
import { admissionOf } from "../testing/fakes.ts";

describe("§2.7.5 a link with terms", () => {
  const terms: LinkTerms = {
    name: null,
    read_only: true,
    stream_name: "lead" as StreamName,
    expires_at_ms: NOW + 1,
    max_joins: 2,
    created_at: "2026-01-31T12:00:00.000Z",
  };
  const withLink = (link: Partial<LinkTerms>, joins = 0, more: Partial<World> = {}) => {
    const admission = admissionOf(LINK_HASH);
    const links = [{ number: 7, hash: LINK_HASH, terms: { ...terms, ...link }, joins }];
    return (it: World) => Object.assign(it, { admission: { ...admission, links } }, more);
  };
  const headers = (name: string) => ({ headers: { "x-ams-stream-name": name } });

  test("admits under its name, also who gave none", async () => {
    expect((await admittedBy(withLink({}))).link).toMatchObject({ number: 7, terms });
    expect((await admittedBy(withLink({}, 0, headers("")))).streamName).toBe("lead");
  });

  test.each([
    ["§2.7.9 another name", "invalid_stream_name_header", withLink({}, 0, headers("other"))],
    ["§3.3.3 its expiry", "invalid_magic_link", withLink({ expires_at_ms: NOW })],
    [
      "§3.3.3 joins that are used up, before a wrong account",
      "invalid_magic_link",
      withLink({}, 2, { account: null }),
    ],
  ] as const)("refuses %s", async (_name, fault, change) => {
    expect(await connect(change)).toEqual({ ok: false, fault });
  });
});
