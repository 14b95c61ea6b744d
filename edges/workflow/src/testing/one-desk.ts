/** One desk with one run for each test of a file, and what tests ask of it. */
import { hash } from "@ams/workflow-rules";
import { afterAll, beforeEach, expect } from "vitest";
import {
  A,
  type Answer,
  AT,
  type Desk,
  LINK,
  type Loose,
  message,
  newFolder,
  openDesk,
  openRun,
  removeFolder,
} from "./desk.ts";

const folders: string[] = [];

/** The desk of the test that runs. */
export let desk: Desk;
export let run: string;

export function useDesk(): void {
  beforeEach(async () => {
    await desk?.stop();
    await reopen({}, newFolderOfTest());
    run = await openRun(desk);
  });

  afterAll(async () => {
    await desk?.stop();
    for (const folder of folders) removeFolder(folder);
  });
}

export function newFolderOfTest(): string {
  const folder = newFolder();
  folders.push(folder);
  return folder;
}

/** Another edge on the same folder, unless another one is given. */
export async function reopen(
  overrides: Parameters<typeof openDesk>[1] = {},
  folder = folders.at(-1) ?? "",
): Promise<void> {
  const clock = desk?.clock;
  await desk?.stop();
  const place = { kind: "embedded", folder, durability: { kind: "memory" } } as const;
  desk = openDesk(place, overrides, clock);
}

export async function useRun(definition?: Loose): Promise<void> {
  run = await openRun(desk, definition);
}

export const head = async () => (await desk.ask("GET", `${AT}/log/head`)).body;
export const runNow = async () => (await desk.ask("GET", `${AT}/runs/${run}`)).body;
export const post = (given: unknown, bearer = "falcon") =>
  desk.ask("POST", `${AT}/messages`, given, bearer);
export const step = (name: string, own: object = {}, signer = A) =>
  message(desk, run, { step: name, ...own }, signer);

/** Refused with this code, and neither log nor run changed. */
export async function expectRefused(
  status: number,
  code: string,
  ask: () => Promise<Answer>,
  extra: object = {},
): Promise<void> {
  const before = [await head(), await runNow()];
  const answer = await ask();
  expect([answer.status, answer.body.error]).toEqual([status, code]);
  expect(answer.body).toMatchObject(extra);
  expect(typeof answer.body.message).toBe("string");
  expect(answer.headers.get("x-ams-error-hash")).toBe(hash("error", answer.body));
  expect([await head(), await runNow()]).toEqual(before);
}

export async function openMember(bearer: string): Promise<void> {
  await desk.ask("POST", "/conversations", { magic_link: LINK }, bearer);
}
