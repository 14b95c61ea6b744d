/** Where the page begins: at home, or at the magic link in the address bar. */
import { render } from "preact";
import { findPlace } from "./model/address.ts";
import { browser, session } from "./model/storage.ts";
import { App } from "./view/app.tsx";
import "@fontsource-variable/geist/wght.css";
import "@fontsource-variable/geist/wght-italic.css";
import "@fontsource-variable/geist-mono/wght.css";
import "./style/base.css";
import "./style/parts.css";
import "./style/text.css";
import "./style/conversation.css";
import "./style/roster.css";
import "./style/frames.css";
import "./style/home.css";
import "./style/layout.css";

const place = findPlace(new URL(location.href), { session, browser }, (path) =>
  history.replaceState(null, "", path),
);
const root = document.getElementById("tincan");
root?.replaceChildren(); // What was there until the script had come.
if (root !== null) render(<App place={place} />, root);
