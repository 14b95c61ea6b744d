/** How the report looks, in light and in dark, on a screen and on paper. */

export const REPORT_STYLE = `
:root { color-scheme: light dark; --ink: #1c1f23; --faint: #667; --paper: #fff; --card: #f4f5f7; --line: #d9dce1; --good: #0a7d43; --bad: #c02628; --warn: #9a5b00;
  --one: #2563c9; --two: #0a7d43; --three: #b7791f; --four: #c02628; }
@media (prefers-color-scheme: dark) { :root { --ink: #e7e9ec; --faint: #9aa3af; --paper: #14171b; --card: #1e2227; --line: #353b43; --good: #4cc38a; --bad: #ff6b6b; --warn: #f0b45b;
  --one: #6aa5ff; --two: #4cc38a; --three: #f0b45b; --four: #ff6b6b; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1000px; margin: 0 auto; padding: 24px 20px 60px; }
h1 { font-size: 24px; margin: 4px 0; overflow-wrap: anywhere; }
h2 { font-size: 16px; margin: 32px 0 8px; }
p { margin: 4px 0; }
.small, footer, dt { color: var(--faint); font-size: 13px; }
.verdict { display: inline-block; padding: 2px 10px; border-radius: 4px; border: 1px solid; font-weight: 600; }
.ok { color: var(--good); } .broken { color: var(--bad); } .cut, .interrupted, .warning { color: var(--warn); }
.warning, .saturation { padding: 8px 12px; border-left: 3px solid; background: var(--card); margin: 12px 0; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(120px, 1fr)); gap: 8px; margin: 20px 0; }
.tiles div { background: var(--card); border-radius: 6px; padding: 10px 14px; }
dd { margin: 0; font-size: 22px; font-weight: 600; font-variant-numeric: tabular-nums; white-space: nowrap; }
.plot { width: 100%; min-height: 300px; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: 5px 8px; border-bottom: 1px solid var(--line); font-weight: normal; }
td { text-align: right; font-variant-numeric: tabular-nums; }
tr.bad { color: var(--bad); font-weight: 600; }
footer ul { padding-left: 18px; margin-top: 24px; }
.u-legend { font-size: 13px; }
.u-legend .u-value { font-variant-numeric: tabular-nums; }
@media print { main { max-width: none; } section { break-inside: avoid; } }
`;
