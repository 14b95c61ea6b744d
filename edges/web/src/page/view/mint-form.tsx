/** The form that mints, and what it asks for where a deployment restricts accounts. */
import { useEffect, useState } from "preact/hooks";
import { spaceFor, TITLE_CHARACTERS_MAX } from "../model/instructions.ts";
import { browser, isKeeping } from "../model/storage.ts";
import { type Key, type Minting, mint, minting } from "../wire/minting.ts";
import { askOffer, offersReplay } from "../wire/offering.ts";
import { forgetOwnAccount, ownAccount } from "../wire/own-account.ts";

export function MintForm() {
  const [title, setTitle] = useState("");
  const [instructions, setInstructions] = useState("");
  const [keepsMessages, setKeeps] = useState(true);
  const [key, setKey] = useState("");
  useEffect(() => void askOffer(), []);
  const state = minting.value;
  const purpose = { title, instructions };
  const { isEnough, hint } = spaceFor(purpose);
  const submit = (event: Event) => {
    event.preventDefault();
    if (isEnough) void mint({ purpose, keepsMessages }, keyOf(state, key));
  };
  return (
    <form class="mint" onSubmit={submit}>
      <label>
        <span>
          Title <span class="soft">(optional)</span>
        </span>
        <input
          value={title}
          maxLength={TITLE_CHARACTERS_MAX}
          placeholder="Release review"
          onInput={(event) => setTitle(event.currentTarget.value)}
        />
      </label>
      <label>
        <span>
          Instructions for whoever joins <span class="soft">(optional)</span>
        </span>
        <textarea
          rows={2}
          value={instructions}
          placeholder="Review the release together. Say who you are, and be brief."
          aria-describedby="instructions-space"
          aria-invalid={!isEnough}
          onInput={(event) => setInstructions(event.currentTarget.value)}
        />
      </label>
      <p
        id="instructions-space"
        class={isEnough ? "space soft small" : "space problem small"}
        role="status"
      >
        {hint}
      </p>
      {state.kind === "restricted" && <Access state={state} value={key} onInput={setKey} />}
      <div class="mint-line">
        <button
          id="tincan-mint"
          type="submit"
          class="large"
          disabled={state.kind === "busy" || !isEnough}
        >
          {state.kind === "busy" ? "Creating…" : "Start a conversation"}
        </button>
        {offersReplay.value && (
          <label class="check small">
            <input
              type="checkbox"
              checked={keepsMessages}
              onInput={(event) => setKeeps(event.currentTarget.checked)}
            />
            Keep messages for an hour, for those who join later
          </label>
        )}
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
  return state.kind === "restricted" && text.trim() !== "" ? { kind: state.wants, text } : null;
}

type AccessProps = {
  readonly state: Extract<Minting, { readonly kind: "restricted" }>;
  readonly value: string;
  readonly onInput: (text: string) => void;
};

function Access({ state: { wants, fault }, value, onInput }: AccessProps) {
  const label = wants === "invite" ? "Invite code" : "Credential of your account";
  const why =
    wants === "invite"
      ? "Creating an account on this deployment needs an invite code. Ask its operator for one."
      : "This deployment creates no accounts here. If its operator gave you an account, paste its credential (ams_sk_…).";
  return (
    <div class="access">
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
  const isKept = isKeeping(browser);
  if (account === null) {
    return (
      <p class="soft small">
        No sign-up: this page creates an account for you
        {isKept
          ? " and keeps it in this browser only."
          : ". This browser keeps nothing, so the account is gone when you leave: then nobody can close the conversation or replace its link."}
      </p>
    );
  }
  return (
    <p class="soft small">
      Your account is <code>{account.namespace}</code>,{" "}
      {isKept ? "kept in this browser only." : "gone when you leave: this browser keeps nothing."}{" "}
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
      Its credential exists nowhere else: without it nobody can close the conversations that it
      created, or replace their links.{" "}
      <button type="button" class="link-like" onClick={forgetOwnAccount}>
        Yes, forget it
      </button>{" "}
      <button type="button" class="link-like" onClick={() => setSure(false)}>
        Keep it
      </button>
    </span>
  );
}
