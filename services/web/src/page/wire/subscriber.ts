/** This person in one conversation: who they are there, and every way back in. */
import { AmsError } from "@ams/client";
import { signal } from "@preact/signals";
import { atBase } from "../model/address.ts";
import { session } from "../model/storage.ts";
import { BASE } from "./base.ts";
import { Live } from "./live.ts";
import { forgetOwnAccount, openOwnAccount, ownAccount } from "./own-account.ts";
import { chooseName, displayName, newStreamNameFor, streamNameFor } from "./person.ts";

/** Milliseconds between two tries of somebody who has been in, when nothing answers at all. */
const RETRY_MS = 2_000;

export class Subscriber {
  readonly live = new Live();
  /** The magic link, as it is handed on. */
  readonly link = signal("");
  readonly #path: string;
  #asGuest = false;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(link: string) {
    this.link.value = link;
    this.#path = new URL(atBase(link, BASE)).pathname;
  }

  get alias(): string {
    return this.#path.split("/").at(-1) ?? "";
  }

  get observing(): boolean {
    return session.get(`observing ${this.#path}`) === "true";
  }

  /** Joins, or takes the stream of this tab back from whoever has it. Who has been in keeps trying while nothing answers. */
  async enter(): Promise<void> {
    clearTimeout(this.#retry);
    await this.#enterOnce();
    if (this.live.phase.value.kind !== "away") return;
    this.#retry = setTimeout(() => void this.enter(), RETRY_MS);
  }

  async #enterOnce(): Promise<void> {
    const streamName = await streamNameFor(this.#path);
    const credential = this.#asGuest ? null : (ownAccount.value?.credential ?? null);
    await this.live.join({
      link: atBase(this.link.value, BASE),
      credential,
      streamName,
      displayName: displayName(),
      observing: this.observing,
    });
    const { phase } = this.live;
    if (credential === null || phase.value.kind !== "ended") return;
    const { error } = phase.value;
    if (!(error instanceof AmsError) || error.code !== "invalid_credential") return;
    // The account that this browser kept is none any more: what it could do, a guest can too.
    forgetOwnAccount();
    this.#asGuest = true;
    await this.#enterOnce();
  }

  async enterUnderNewName(): Promise<void> {
    newStreamNameFor(this.#path);
    await this.enter();
  }

  async enterAsGuest(): Promise<void> {
    this.#asGuest = true;
    await this.enter();
  }

  /** Makes an account for this browser, where the deployment has no guests. */
  async enterWithAccount(): Promise<void> {
    this.#asGuest = false;
    try {
      await openOwnAccount(BASE, null);
    } catch (error) {
      this.live.fail(error);
      return;
    }
    await this.enter();
  }

  /** The owner has a new link: the connection that the old one admitted moves over to it. */
  moveTo(link: string): void {
    session.set(`token ${this.#path}`, new URL(link).searchParams.get("t") ?? "");
    this.link.value = link;
    void this.enter();
  }

  leave(): void {
    clearTimeout(this.#retry);
    this.live.leave();
  }

  async rename(name: string): Promise<void> {
    chooseName(name);
    await this.live.introduce(name, this.observing);
  }

  async observe(observing: boolean): Promise<void> {
    session.set(`observing ${this.#path}`, String(observing));
    await this.live.introduce(displayName(), observing);
  }
}
