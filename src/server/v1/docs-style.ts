// How /v1/docs looks: readable, narrow or wide, by day and by night, and on paper.
export const DOCS_STYLE = `
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 20%, transparent); --soft: color-mix(in srgb, currentColor 7%, transparent); }
* { box-sizing: border-box; }
body { font: 16px/1.55 system-ui, sans-serif; margin: 0; display: grid; grid-template-columns: 18rem minmax(0, 1fr); }
nav { position: sticky; top: 0; height: 100vh; overflow: auto; padding: 1rem; border-right: 1px solid var(--line); font-size: 0.875rem; }
nav p { margin: 0.75rem 0 0.25rem; font-weight: 600; }
nav ul { list-style: none; margin: 0; padding: 0; }
nav li { padding: 0.15rem 0; }
main { padding: 1rem 2rem 6rem; max-width: 62rem; }
h2 { margin-top: 3rem; border-bottom: 1px solid var(--line); }
section { margin: 2rem 0; scroll-margin-top: 1rem; }
h3 { margin: 0 0 0.25rem; }
a { color: light-dark(#0550ae, #79b8ff); }
code, pre { font: 0.875em/1.5 ui-monospace, monospace; }
pre { background: var(--soft); padding: 0.75rem; overflow: auto; border-radius: 6px; white-space: pre-wrap; overflow-wrap: anywhere; }
.line { margin: 0.25rem 0 0.75rem; overflow-wrap: anywhere; }
.get, .post, .delete { font: 600 0.8rem ui-monospace, monospace; padding: 0.1rem 0.5rem; border-radius: 4px; color: #fff; }
.get { background: #1a6b3c; }
.post { background: #8a3b00; }
.delete { background: #9b1c2e; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: 0.5rem 0; font-size: 0.9375rem; }
caption { text-align: left; font-weight: 600; padding: 0.25rem 0; }
th, td { text-align: left; vertical-align: top; padding: 0.3rem 1rem 0.3rem 0; border-top: 1px solid var(--line); font-weight: normal; }
thead th { font-weight: 600; }
small { opacity: 0.75; }
summary { cursor: pointer; }
.refusals { font-size: 0.875rem; }
.refusals a { display: inline-block; margin-right: 0.75rem; }
.who { font-size: 0.875rem; opacity: 0.85; }
:target { background: var(--soft); }
@media (max-width: 50rem) { body { display: block; } nav { position: static; height: auto; border-right: 0; border-bottom: 1px solid var(--line); } main { padding: 1rem; } }
`;
