/** How far a connection has come in the log, and what it asks for when it joins (again) (§7.6). */
import type { JoinedFrame, ServerFrame } from "../listening/frames.ts";
import type { Wishes } from "./address.ts";

type ReplayWishes = Pick<Wishes, "since" | "last" | "catchUp">;

export class Place {
  readonly #first: ReplayWishes;
  #cursor: string | null = null;
  /** Whether kept frames were asked for at the last try. */
  #hasAsked = false;

  constructor({ since, last, catchUp }: Wishes) {
    this.#first = { since, last, catchUp };
  }

  get cursor(): string | null {
    return this.#cursor;
  }

  /** The first time what its owner asked for, and later what was missed. */
  wishes(): ReplayWishes {
    const { catchUp } = this.#first;
    const wishes =
      this.#cursor === null
        ? this.#first
        : { since: this.#cursor, last: undefined, catchUp: catchUp ?? "frames" };
    this.#hasAsked = Object.values(wishes).some((wish) => wish !== undefined);
    return wishes;
  }

  /** True when kept frames follow. */
  joined({ cursor }: JoinedFrame): boolean {
    if (cursor === undefined) return false;
    // With a number of frames its place is known once they have come.
    const isCounted = this.#cursor === null && this.#first.last !== undefined;
    if (!isCounted) this.#cursor ??= cursor;
    return this.#hasAsked;
  }

  received(frame: ServerFrame): void {
    if (frame.type === "x_cursor" || frame.type === "x_live") this.#cursor = frame.cursor;
    else if ("cursor" in frame && frame.cursor !== undefined) this.#cursor = frame.cursor;
  }
}
