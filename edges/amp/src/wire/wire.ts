/**
 * What the provider needs of the wire: a notification that something waits, and its answer. What
 * travels says nothing of a message but its id, and is only a hint.
 */
import type { AgentRef } from "../store/store.ts";

export type Ring = {
  readonly id: string;
  readonly n: number;
  /** Whether another process has sockets of the agent, so that an answer is to be expected. */
  readonly isAwaited: boolean;
  /** Whether the agent was given its inbox's link, so that somebody may listen. */
  readonly isGiven: boolean;
};

export interface Wire {
  /** Base URL of the deployment. */
  url(): string;
  /** True once another process has written the message to a socket, false after 500 ms. */
  ring(agent: AgentRef, ring: Ring): Promise<boolean>;
  /** A receipt waits for the agent. */
  receipt(agent: AgentRef): Promise<void>;
  /** The agent's key, registration or freedom has ended: sockets elsewhere are to be closed. */
  ended(agent: AgentRef, why: string): Promise<void>;
  /** This process has a socket of the agent, or has none any more. */
  hold(agent: AgentRef): void;
  release(agent: AgentRef): void;
  /** The agent's inbox as a link, made on first need; a new one ends the old. Null while away. */
  inbox(
    agent: AgentRef,
    isNew: boolean,
  ): Promise<{ readonly conversation_id: string; readonly magic_link: string } | null>;
  isAway(): boolean;
  size(): number;
  stop(): Promise<void>;
}
