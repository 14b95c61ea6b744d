/** A magic link: to read, copy, open, and scan. */
import { useState } from "preact/hooks";
import { CopyButton } from "./copy-button.tsx";
import { lazy } from "./lazy.tsx";
import { LinkLimits } from "./link-status.tsx";

const QrCode = lazy("The QR code", async () => (await import("./qr-code.tsx")).QrCode);

type Props = {
  readonly link: string;
  /** True at home, where outside checks look for these names. */
  readonly named?: boolean;
  readonly openable?: boolean;
  readonly isQrOpen?: boolean;
};

export function LinkCard({ link, named = false, openable = false, isQrOpen = false }: Props) {
  const [isQrShown, showQr] = useState(isQrOpen);
  const ids = named ? { field: "tincan-link", copy: "tincan-copy" } : null;
  return (
    <div class="link-card">
      <div class="link-line">
        <input
          {...(ids === null ? {} : { id: ids.field })}
          class="link"
          readOnly
          value={link}
          aria-label="Magic link"
          onFocus={(event) => event.currentTarget.select()}
        />
        <CopyButton {...(ids === null ? {} : { id: ids.copy })} text={link} what="the magic link" />
        {openable && (
          <a class="button quiet" href={link} target="_blank" rel="noopener noreferrer">
            Open
          </a>
        )}
        <button
          type="button"
          class="quiet"
          aria-expanded={isQrShown}
          onClick={() => showQr(!isQrShown)}
        >
          QR
        </button>
      </div>
      {isQrShown && <QrCode text={link} label="QR code of the magic link" />}
      <p class="soft small">Whoever has this link can join and read. Treat it as a secret.</p>
      <LinkLimits link={link} />
    </div>
  );
}
