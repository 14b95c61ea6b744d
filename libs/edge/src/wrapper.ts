/** Puts the wrapper together: the only file that knows all its parts. */
import type { Join } from "@ams/client";
import { askCredentials } from "./checks/credentials.ts";
import { askLinks } from "./checks/links.ts";
import { createSeal } from "./checks/seal.ts";
import { systemClock } from "./clock.ts";
import { Common } from "./common.ts";
import type { Clock, Counters, Session, Who, Wrapper, WrapperOptions } from "./contract.ts";
import { LAST_WORD_MS, SWEEP_MS, WRAPPER_LIMITS } from "./limits.ts";
import { LiveSession } from "./sessions/live-session.ts";
import { Loops } from "./sessions/loops.ts";
import type { SessionState } from "./sessions/session-state.ts";
import { Sessions } from "./sessions/sessions.ts";
import { principalOf } from "./sessions/who.ts";
import { dialOver } from "./subscriptions/dial.ts";
import { askOffer } from "./subscriptions/offers.ts";
import { Subscriptions } from "./subscriptions/subscriptions.ts";

const UNCOUNTED: Counters = { add: () => {} };

/** What a test puts in the place of the wire. */
export type Outside = Partial<Pick<Wrapper, "credentials" | "links">> & { readonly join?: Join };

/** Nothing is dialled and nobody is asked before the first request. */
export function createWrapper(options: WrapperOptions, outside: Outside = {}): Wrapper {
  const { url, clock = systemClock, counters = UNCOUNTED } = options;
  const seal = options.seal ?? createSeal(null);
  const loops = new Loops();
  const limits = { ...WRAPPER_LIMITS, ...options.limits };
  const links = outside.links ?? askLinks(url, clock);
  const common = new Common();
  const subscriptions = new Subscriptions({
    ...{ clock, common, counters, limits, loops, seal },
    dial: dialOver(clock, outside.join),
  });
  const sessions = new Sessions(clock, counters, limits);
  const sessionFor = (state: SessionState, who: Who): Session =>
    new LiveSession({
      ...{ clock, counters, limits, links, loops, seal, subscriptions, state, who },
      forget: () => sessions.forget(state),
    });
  const stopSweeping = every(clock, SWEEP_MS, () => {
    sessions.sweep();
    subscriptions.sweep();
    common.forget();
  });
  return {
    credentials: outside.credentials ?? askCredentials(url, clock),
    links,
    offer: askOffer(url, clock),
    open: ({ who, ...rest }) => {
      const unsaid = { clientName: undefined, peerIdentity: undefined, passing: false };
      const name = { ...unsaid, ...rest, principal: principalOf(who) };
      const opened = sessions.open(name);
      return opened.ok ? { ok: true, session: sessionFor(opened.state, who) } : opened;
    },
    find: (id, who) => {
      const state = sessions.get(id, principalOf(who));
      state?.touch();
      return state === null ? null : sessionFor(state, who);
    },
    get size() {
      return {
        sessions: sessions.size,
        subscriptions: subscriptions.size,
        listeners: sessions.listeners,
      };
    },
    close: async () => {
      stopSweeping();
      // Subscriptions first: so who listens hears why nothing comes any more.
      const left = subscriptions.close();
      await sessions.close(new Promise((resolve) => void clock.after(LAST_WORD_MS, resolve)));
      await left;
    },
  };
}

/** Calls again and again until the returned function is called. */
function every(clock: Clock, ms: number, call: () => void): () => void {
  let cancel = clock.after(ms, again);
  function again(): void {
    call();
    cancel = clock.after(ms, again);
  }
  return () => cancel();
}
