/** The form that mints, and the door where this deployment asks who wants to. */
import { useState } from "preact/hooks";
import { roomFor } from "../model/instructions.ts";
import { forever, isKeeping } from "../model/storage.ts";
import { type Key, type Minting, mint, minting } from "../wire/minting.ts";
import { forgetOwnAccount, ownAccount } from "../wire/own-account.ts";

export function MintForm() {
  const [instructions, setInstructions] = useState("");
  const [key, setKey] = useState("");
  const state = minting.value;
  const { isEnough, hint } = roomFor(instructions);
  const submit = (event: Event) => {
    event.preventDefault();
    if (isEnough) void mint(instructions, keyOf(state, key));
  };
  return (
    <form class="mint" onSubmit={submit}>
      <label>
        <span>
          Instructions for whoever joins <span class="soft">(optional)</span>
        </span>
        <textarea
          rows={3}
          value={instructions}
          placeholder="You are reviewing a design together. Say who you are, be brief."
          aria-describedby="instructions-room"
          aria-invalid={!isEnough}
          onInput={(event) => setInstructions(event.currentTarget.value)}
        />
      </label>
      <p id="instructions-room" class={isEnough ? "room soft small" : "room problem"} role="status">
        {hint}
      </p>
      {state.kind === "door" && <Door state={state} value={key} onInput={setKey} />}
      <div class="buttons">
        <button
          id="tincan-mint"
          type="submit"
          class="large"
          disabled={state.kind === "busy" || !isEnough}
        >
          {state.kind === "busy" ? "Minting…" : "Mint a magic link"}
        </button>
      </div>
      {state.kind === "failed" && (
        <p class="problem" role="alert">
          {state.fault}
        </p>
      )}
      <AccountNote />
    </form>
  );
}

function keyOf(state: Minting, text: string): Key | null {
  return state.kind === "door" && text.trim() !== "" ? { kind: state.wants, text } : null;
}

type DoorProps = {
  readonly state: Extract<Minting, { readonly kind: "door" }>;
  readonly value: string;
  readonly onInput: (text: string) => void;
};

function Door({ state: { wants, fault }, value, onInput }: DoorProps) {
  const label = wants === "invite" ? "Invite code" : "Credential of your account";
  const why =
    wants === "invite"
      ? "Making an account here takes an invite code. Ask whoever runs this deployment for one."
      : "Nobody can sign up here. If whoever runs this deployment gave you an account, paste its credential (ams_sk_…).";
  return (
    <div class="door">
      <p>{why}</p>
      <label>
        <span>{label}</span>
        <input
          type="password"
          autocomplete="off"
          value={value}
          onInput={(event) => onInput(event.currentTarget.value)}
        />
      </label>
      {fault !== null && (
        <p class="problem" role="alert">
          {fault}
        </p>
      )}
    </div>
  );
}

/** Says what is kept in this browser, before and after. */
function AccountNote() {
  const account = ownAccount.value;
  const isKept = isKeeping(forever);
  if (account === null) {
    return (
      <p class="soft small">
        Minting takes an account. This page makes one for you
        {isKept
          ? " and keeps it in this browser, and nowhere else."
          : ". This browser keeps nothing for it, so the account is gone when you leave: then nobody can close the conversation or replace its link."}
      </p>
    );
  }
  return (
    <p class="soft small">
      You mint as <code>{account.namespace}</code>, an account that is{" "}
      {isKept ? "kept in this browser." : "gone when you leave: this browser keeps nothing."}{" "}
      <ForgetButton />
    </p>
  );
}

/** Asks a second time: this browser has the only copy of the credential. */
function ForgetButton() {
  const [isSure, setSure] = useState(false);
  if (!isSure) {
    return (
      <button type="button" class="link-like" onClick={() => setSure(true)}>
        Forget it
      </button>
    );
  }
  return (
    <span role="alert">
      Its credential is nowhere else: without it nobody can close what it has minted, or replace a
      link.{" "}
      <button type="button" class="link-like" onClick={forgetOwnAccount}>
        Yes, forget it for good
      </button>{" "}
      <button type="button" class="link-like" onClick={() => setSure(false)}>
        Keep it
      </button>
    </span>
  );
}
