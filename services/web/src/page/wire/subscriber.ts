/** This person in one conversation: who they are there, and every way back in. */
import { AmsError } from "@ams/client";
import { signal } from "@preact/signals";
import { session } from "../model/storage.ts";
import { Live } from "./live.ts";
import { forgetOwnAccount, openOwnAccount, ownAccount } from "./own-account.ts";
import { chooseName, displayName, newStreamNameFor, streamNameFor } from "./person.ts";

export class Subscriber {
  readonly live = new Live();
  /** The magic link, as this page reached it. */
  readonly link = signal("");
  readonly #path: string;
  #asGuest = false;

  constructor(link: string) {
    this.link.value = link;
    this.#path = new URL(link).pathname;
  }

  get observing(): boolean {
    return session.get(`observing ${this.#path}`) === "true";
  }

  /** Joins, or takes the stream of this tab back from whoever has it. */
  async enter(): Promise<void> {
    const credential = this.#asGuest ? null : (ownAccount.value?.credential ?? null);
    await this.live.join({
      link: this.link.value,
      credential,
      streamName: streamNameFor(this.#path),
      displayName: displayName(),
      observing: this.observing,
    });
    const { phase } = this.live;
    if (credential === null || phase.value.kind !== "ended") return;
    const { error } = phase.value;
    if (!(error instanceof AmsError) || error.code !== "invalid_credential") return;
    // The account that this browser kept is none any more: what it could do, a guest can too.
    forgetOwnAccount();
    await this.enterAsGuest();
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
      await openOwnAccount(location.origin, null);
    } catch (error) {
      this.live.fail(error);
      return;
    }
    await this.enter();
  }

  /** The owner has a new link: the connection that the old one admitted moves over to it. */
  moveTo(link: string): void {
    const url = new URL(link);
    session.set(`token ${this.#path}`, url.searchParams.get("t") ?? "");
    this.link.value = `${location.origin}${url.pathname}${url.search}`;
    void this.enter();
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
