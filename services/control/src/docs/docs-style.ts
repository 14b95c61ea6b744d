/**
 * The look of `/docs`: one column, readable on a phone, light or dark as the reader's system is.
 */

export const STYLE = `
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --paper: #fff; --shade: #f4f6f8; --line: #d8dee4; --mark: #0a58b8; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ed; --soft: #9aa4af; --paper: #14171b; --shade: #1d2228; --line: #323a43; --mark: #79b3ff; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 54rem; padding: 1.25rem 1rem 4rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.6rem; margin: 0.5rem 0; }
h2 { font-size: 1.15rem; margin: 0; }
h3 { font-size: 0.8rem; margin: 1.1rem 0 0.3rem; color: var(--soft); text-transform: uppercase; letter-spacing: 0.05em; }
p { margin: 0.4rem 0; }
a { color: var(--mark); }
code, pre { font: 0.875em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
pre { background: var(--shade); border: 1px solid var(--line); border-radius: 6px; padding: 0.7rem 0.8rem; margin: 0.4rem 0;
  overflow-x: auto; white-space: pre; overflow-wrap: normal; }
pre code { font-size: inherit; }
nav ul { list-style: none; margin: 0.5rem 0 0; padding: 0; columns: 18rem; }
nav li { padding: 0.15rem 0; break-inside: avoid; }
section { border-top: 1px solid var(--line); margin-top: 2rem; padding-top: 1.25rem; }
.call { margin: 0.35rem 0; }
.method { font-weight: 600; color: var(--mark); }
.soft { color: var(--soft); }
dl { margin: 0; }
dl > div { padding: 0.25rem 0; border-bottom: 1px solid var(--line); }
dl > div:last-child { border-bottom: 0; }
dt, dd { display: inline; margin: 0; }
dt { margin-right: 0.5rem; }
ul.codes { margin: 0; padding-left: 0; list-style: none; }
ul.codes li { padding: 0.2rem 0; }
`;
