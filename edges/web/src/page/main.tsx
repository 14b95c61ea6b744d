/** Where the page begins: at home, or at the magic link in the address bar. */
import { render } from "preact";
import { findPlace } from "./model/address.ts";
import { session } from "./model/storage.ts";
import { App } from "./view/app.tsx";
import "./style/base.css";
import "./style/parts.css";
import "./style/conversation.css";
import "./style/home.css";
import "./style/portal.css";

const place = findPlace(new URL(location.href), session, (path) =>
  history.replaceState(null, "", path),
);
const root = document.getElementById("tincan");
root?.replaceChildren(); // What stood there until the script had come.
if (root !== null) render(<App place={place} />, root);
