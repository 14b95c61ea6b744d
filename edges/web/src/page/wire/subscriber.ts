/** This person in one conversation: who they are there, and every way back in. */
import { AmsError } from "@ams/client";
import { signal } from "@preact/signals";
import { atBase, dropGiven, keepProven, namesAt } from "../model/address.ts";
import { isOver, USED_UP } from "../model/faults.ts";
import { titleOf } from "../model/instructions.ts";
import { nameOf, speakerOf } from "../model/speaker.ts";
import { browser, session } from "../model/storage.ts";
import { forgetVisit, readVisits, rememberVisit } from "../model/visits.ts";
import { BASE, REPLAY_S } from "./base.ts";
import { lookAtLink } from "./link-life.ts";
import { Live } from "./live.ts";
import { forgetOwnAccount, openOwnAccount, ownAccount } from "./own-account.ts";
import {
  avoidNames,
  chooseName,
  displayName,
  keepStreamName,
  newStreamNameFor,
  streamNameFor,
} from "./person.ts";
import { keepTranscript } from "./transcript.ts";

/** Milliseconds between two tries of somebody who has been in, when nothing answers at all. */
const RETRY_MS = 2_000;

/** What is said of a link that never admits anybody. */
const NO_GOOD: readonly string[] = ["invalid_magic_link", "invalid_token", "invalid_link"];

export class Subscriber {
  readonly live = new Live();
  /** The magic link, as it is handed on. */
  readonly link = signal("");
  readonly #path: string;
  /**
   * The link that this browser joined by before, for when the given one doesn't work; null when it
   * has none.
   */
  #fallback: string | null;
  #asGuest = false;
  #retry: ReturnType<typeof setTimeout> | undefined;
  readonly #stopKeeping: () => void;

  constructor(link: string, fallback: string | null = null) {
    this.link.value = link;
    this.#fallback = fallback;
    this.#path = new URL(atBase(link, BASE)).pathname;
    this.#stopKeeping = keepTranscript(this.live, this.#path);
  }

  get alias(): string {
    return namesAt(this.#path).alias;
  }

  get namespace(): string {
    return namesAt(this.#path).namespace;
  }

  /** True when the conversation is over for this tab: nothing is left to hand on or to manage. */
  get isOver(): boolean {
    const phase = this.live.phase.value;
    return phase.kind === "ended" && isOver(phase.error);
  }

  get observing(): boolean {
    return session.get(`observing ${this.#path}`) === "true";
  }

  /**
   * Joins, or takes the stream of this tab back from whoever has it. Who has been in keeps trying
   * while nothing answers.
   */
  async enter(): Promise<void> {
    clearTimeout(this.#retry);
    await this.#enterOnce();
    if (this.live.phase.value.kind !== "away") return;
    this.#retry = setTimeout(() => void this.enter(), RETRY_MS);
  }

  async #enterOnce(): Promise<void> {
    const streamName = await streamNameFor(this.#path);
    const credential = this.#asGuest ? null : (ownAccount.value?.credential ?? null);
    const link = atBase(this.link.value, BASE);
    await this.live.join({
      link,
      credential,
      streamName,
      displayName: displayName(),
      observing: this.observing,
      replayS: this.#knownReplayS(),
      onJoined: () => this.#onJoined(link),
    });
    const { phase } = this.live;
    if (phase.value.kind !== "ended") return;
    const { error } = phase.value;
    if (!(error instanceof AmsError)) return;
    if (this.#fallback !== null && NO_GOOD.includes(error.code)) {
      dropGiven(link, session);
      this.link.value = this.#fallback;
      this.#fallback = null;
      await this.#enterOnce();
    } else if (credential !== null && error.code === "invalid_credential") {
      // The account that this browser kept is none any more: what it could do, a guest can too.
      forgetOwnAccount();
      this.#asGuest = true;
      await this.#enterOnce();
    } else if (error.code === "invalid_stream_name_header") {
      await this.#enterUnderTheLinksName(link, streamName);
    } else if (error.code === "invalid_magic_link" && (await lookAtLink(link))?.isDead === false) {
      if (phase.value.kind === "ended" && phase.value.error === error) this.live.fail(USED_UP);
    }
    if (this.isOver && phase.value.kind === "ended" && phase.value.error !== USED_UP) {
      forgetVisit(browser, this.#path);
    }
  }

  /** Some links admit under one name only (§2.7.5). */
  async #enterUnderTheLinksName(link: string, tried: string): Promise<void> {
    const life = await lookAtLink(link);
    const only = life === null || life.isDead ? null : life.terms.streamName;
    if (only === null || only === tried) return;
    keepStreamName(this.#path, only);
    await this.#enterOnce();
  }

  #onJoined(link: string): void {
    this.#fallback = null;
    this.#remember(link);
    if (this.live.self.value?.readOnly === true) return; // It may not introduce itself again.
    const name = displayName();
    const others = this.live.present.map((peer) => nameOf(speakerOf(peer, peer.metadata)));
    const free = avoidNames(others);
    if (free !== name) void this.live.introduce(free, this.observing);
  }

  /** By the document that the link answered, or by an earlier visit. */
  #knownReplayS(): number {
    const visit = readVisits(browser).find(({ path }) => path === this.#path);
    return visit?.replayS ?? REPLAY_S;
  }

  /** For this tab's reload, and for the list of conversations. */
  #remember(link: string): void {
    keepProven(link, session);
    const { pathname: path, searchParams } = new URL(link);
    const token = searchParams.get("t") ?? "";
    const title = titleOf(this.live.facts.value?.metadata);
    const replayS = this.live.replayS.value;
    rememberVisit(browser, { path, token, title, atMs: Date.now(), replayS });
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
    this.#remember(atBase(link, BASE));
    this.link.value = link;
    void this.enter();
  }

  leave(): void {
    clearTimeout(this.#retry);
    this.#stopKeeping();
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
