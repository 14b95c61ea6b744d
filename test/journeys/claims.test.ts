/** Fifty ask for one name at once, through several processes: exactly one gets it. */
import { beforeAll, expect, test } from "vitest";
import type { Member } from "../cluster.ts";
import { createAccount, inspect, mint, unique } from "../conformance/driver.ts";
import { dial } from "../conformance/subscriber.ts";
import { inCluster, onRedis, range } from "./journey.ts";

const CLAIMANTS = 50;
const GATEWAYS = 3;

/** The members of an answer that are looked at: of a refusal, an account or a conversation. */
type Answered = {
  readonly error?: string;
  readonly account_id?: string;
  readonly credential?: string;
  readonly conversation_id?: string;
  readonly magic_link?: string;
};

onRedis("of fifty at once", () => {
  const cluster = inCluster({ gateways: GATEWAYS });
  const controls: Member[] = [];
  beforeAll(async () => {
    controls.push(cluster().control, ...(await Promise.all([1, 2].map(cluster().addControl))));
  });

  /** Posts to one control after the other, all at once; returns the answers. */
  function postAll(path: string, body: object, bearers: readonly string[] = []) {
    const asks = range(CLAIMANTS).map(async (n) => {
      const url = controls[n % controls.length]?.url ?? "";
      const bearer = bearers[n % bearers.length];
      const answer = await fetch(url + path, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
        },
        body: JSON.stringify(body),
      });
      const answered = (await answer.json()) as Answered;
      return { status: answer.status, body: answered };
    });
    return Promise.all(asks);
  }

  test("§2.2.1 one account is made with a namespace, and the others are answered that it is taken", async () => {
    for (const _ of range(3)) {
      const answers = await postAll("/v1/accounts", { namespace: unique("claim") });
      expectOneMade(answers, "namespace_taken");
      const made = answers.find(({ status }) => status === 201)?.body;
      const account = await fetch(`${cluster().url}/v1/account`, {
        headers: { authorization: `Bearer ${made?.credential}` },
      });
      expect(await account.json()).toMatchObject({ account_id: made?.account_id });
    }
  });

  test("§2.3.1 one conversation is minted with an alias, and its link is the one that works", async () => {
    const ann = await createAccount();
    for (const _ of range(3)) {
      const alias = unique("claim");
      const path = `/v1/${ann.namespace}/conversations`;
      const answers = await postAll(path, { alias }, [ann.credential]);
      expectOneMade(answers, "alias_taken");
      const made = answers.find(({ status }) => status === 201)?.body;
      const guest = dial(
        { magic_link: made?.magic_link ?? "" },
        { protocols: ["ams.v1", "ams.guest"], name: "guest" },
      );
      expect(await guest.settled()).toBe(true);
      expect(guest.joined.conversation_id).toBe(made?.conversation_id);
    }
  });

  test("§3.4 of fifty accounts on three gateways one gets a stream name, and the others are closed 4004", async () => {
    const accounts = await Promise.all(range(CLAIMANTS).map(() => createAccount()));
    const owner = accounts[0] ?? expect.fail();
    for (const name of ["lead", "scribe", "lead-2"]) {
      const minted = await mint(owner);
      const attempts = accounts.map((as, at) => dial(minted, { as, name, at }));
      const joined = await Promise.all(attempts.map((attempt) => attempt.settled()));
      const winners = attempts.filter((_, index) => joined[index]);
      expect(winners).toHaveLength(1);
      for (const loser of attempts.filter((attempt) => attempt !== winners[0])) {
        expect(await loser.ended()).toEqual({ code: 4004, reason: "stream_name_conflict" });
      }
      const { streams } = await inspect(minted);
      expect(streams.map(({ stream_id }) => stream_id)).toEqual([winners[0]?.id]);
    }
  });
});

function expectOneMade(
  answers: readonly { readonly status: number; readonly body: Answered }[],
  refusal: string,
): void {
  const answered = answers.map(({ status, body }) => `${status} ${body.error ?? ""}`.trim());
  const expected = ["201", ...range(CLAIMANTS - 1).map(() => `409 ${refusal}`)];
  expect(answered.sort()).toEqual(expected);
}
