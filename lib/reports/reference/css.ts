/** The style of the page. Colours have a contrast of at least 4.5 : 1 on what is behind them, light and dark. */
export const CSS = `
:root {
  color-scheme: light dark;
  --back: #ffffff; --panel: #f6f7fa; --line: #e1e5eb; --text: #1a2029; --soft: #566170; --link: #3446c8; --mark: #fff6d6;
  --get: #0b57a4; --get-back: #e6f1fc; --post: #146334; --post-back: #e2f5e9; --put: #834500; --put-back: #fdf0da;
  --delete: #ad2018; --delete-back: #fdeae8; --other: #4c5664; --other-back: #eceff3;
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #0e1217; --panel: #161b22; --line: #29313b; --text: #e6eaf0; --soft: #9ba7b6; --link: #a5b4ff; --mark: #332c10;
    --get: #8ec6ff; --get-back: #12273d; --post: #81dba5; --post-back: #112c1e; --put: #f3c57f; --put-back: #33270f;
    --delete: #ffa39a; --delete-back: #3b1a18; --other: #b3bdca; --other-back: #222932;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-padding-top: 1.5rem; }
body { margin: 0; background: var(--back); color: var(--text); font: 400 1rem/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Helvetica Neue', Arial, sans-serif; overflow-wrap: break-word; }
.inner { max-width: 82rem; margin: 0 auto; padding: 0 2rem; }
a { color: var(--link); text-decoration-thickness: 1px; text-underline-offset: .18em; }
a:focus-visible, summary:focus-visible, main:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 3px; }
main:focus-visible { outline: none; }
code { font-family: var(--mono); font-size: .875em; overflow-wrap: anywhere; }
.skip { position: absolute; left: -999rem; top: 0; z-index: 1; padding: .6rem 1rem; background: var(--back); border: 1px solid var(--link); }
.skip:focus { left: .5rem; top: .5rem; }

header { background: var(--panel); border-bottom: 1px solid var(--line); padding: 3.25rem 0 2.25rem; }
h1 { margin: 0; font-size: clamp(1.75rem, 1.2rem + 2.4vw, 2.6rem); line-height: 1.15; letter-spacing: -.022em; font-weight: 700; text-wrap: balance; }
.intro { max-width: 46rem; margin: .9rem 0 0; color: var(--soft); font-size: 1.0625rem; }
.facts { display: flex; flex-wrap: wrap; gap: .9rem 2.75rem; margin: 1.9rem 0 0; }
.facts dt { color: var(--soft); font-size: .8125rem; }
.facts dd { margin: .1rem 0 0; font-weight: 600; font-variant-numeric: tabular-nums; }

.columns { display: grid; grid-template-columns: 12.5rem minmax(0, 1fr); gap: 3.5rem; padding-bottom: 4rem; }
nav { position: sticky; top: 0; align-self: start; max-height: 100vh; overflow-y: auto; padding: 2.4rem .5rem 2rem 0; font-size: .9rem; scrollbar-width: thin; }
nav p { margin: 0 0 .4rem; font-size: .8125rem; font-weight: 600; }
nav ul { list-style: none; margin: 0 0 1.5rem; padding: 0; border-left: 1px solid var(--line); }
nav a { display: block; margin-left: -1px; padding: .2rem 0 .2rem .9rem; border-left: 1px solid transparent; color: var(--soft); text-decoration: none; }
nav a:hover { color: var(--text); border-left-color: var(--link); }
section { padding-top: 2.4rem; }
h2 { margin: 0 0 .35rem; font-size: 1.3rem; line-height: 1.3; letter-spacing: -.012em; font-weight: 650; }
h2 a { color: inherit; text-decoration: none; }
h2 a:hover { text-decoration: underline; }
.lead { margin: 0 0 .35rem; max-width: 46rem; color: var(--soft); }

table { width: 100%; margin-top: .9rem; border-collapse: separate; border-spacing: 0; table-layout: fixed; border: 1px solid var(--line); border-radius: .6rem; overflow: hidden; font-size: .9375rem; }
thead th { padding: .5rem 1rem; background: var(--panel); border-bottom: 1px solid var(--line); color: var(--soft); font-size: .8125rem; font-weight: 600; text-align: left; }
tbody th, td { padding: .8rem 1rem; text-align: left; vertical-align: top; font-weight: 400; }
tbody tr + tr > * { border-top: 1px solid var(--line); }
tr:target > * { background: var(--mark); }
.scopes th:first-child { width: 25%; }
.scopes th:nth-child(2) { width: 36%; }
.presets th:first-child, .several th:first-child { width: 40%; }
.future th:first-child { width: 30%; }
.future th:nth-child(2) { width: 9rem; }
td p { margin: 0; }
.presets tbody th { font-weight: 550; }

.scope { text-decoration: none; }
.scope:hover { text-decoration: underline; }
.names .scope { display: inline-block; max-width: 100%; }
.names .scope, .conditions .scope, .several td .scope { text-decoration: underline; text-decoration-color: var(--line); }
.names .scope:hover, .conditions .scope:hover, .several td .scope:hover { text-decoration-color: currentcolor; }
tbody th .scope code { font-weight: 600; font-size: .9em; }
.badge { display: inline-block; padding: 0 .5em; border-radius: 1em; background: var(--other-back); color: var(--other); font-size: .75rem; font-weight: 600; line-height: 1.6; white-space: nowrap; }
.badge.default { background: var(--post-back); color: var(--post); }
.badge.deprecated { background: var(--delete-back); color: var(--delete); }
.badge.planned { background: var(--get-back); color: var(--get); }
.badge.under-review { background: var(--put-back); color: var(--put); }
.notes { margin: .45rem 0 0; color: var(--soft); font-size: .8438rem; line-height: 1.6; }
.notes:first-child { margin-top: 0; }
.notes > div + div { margin-top: .15rem; }
.notes dt, .notes dd { display: inline; margin: 0; }
.notes dt { font-weight: 600; }
.notes dt::after { content: ' '; }
details { display: inline-block; vertical-align: top; }
details[open] { display: block; }
summary { cursor: pointer; color: var(--link); }

.endpoints, .conditions { list-style: none; margin: 0; padding: 0; }
.endpoints li + li { margin-top: .35rem; }
.endpoint { display: inline-grid; grid-template-columns: 4.1rem minmax(0, 1fr); gap: .55rem; align-items: baseline; }
.method { padding: .06rem 0; border-radius: .3rem; background: var(--other-back); color: var(--other); font: 600 .6875rem/1.6 var(--mono); text-align: center; }
.get { background: var(--get-back); color: var(--get); }
.post { background: var(--post-back); color: var(--post); }
.put, .patch { background: var(--put-back); color: var(--put); }
.delete { background: var(--delete-back); color: var(--delete); }
.summary, .beside { display: block; margin-left: 4.65rem; color: var(--soft); font-size: .8438rem; }
.beside { text-decoration-color: var(--line); }
.besides { color: var(--soft); font-size: .8438rem; }
.endpoints + .besides { margin: .45rem 0 0; }
.conditions { margin-top: .35rem; color: var(--soft); font-size: .8438rem; }
.conditions li + li { margin-top: .15rem; }
.listed { margin-top: .9rem; padding: .8rem 1rem; border: 1px solid var(--line); border-radius: .6rem; font-size: .9375rem; }
footer { border-top: 1px solid var(--line); padding: 1.5rem 0 3rem; color: var(--soft); font-size: .8438rem; }

@media (max-width: 58rem) {
  .inner { padding: 0 1.15rem; }
  header { padding: 2.25rem 0 1.6rem; }
  .columns { display: block; }
  nav { position: static; max-height: none; margin: 0 -1.15rem; padding: 1.1rem 0 .2rem; border-bottom: 1px solid var(--line); }
  nav p { padding: 0 1.15rem; }
  nav ul { display: flex; gap: .4rem; margin-bottom: .6rem; padding: .15rem 1.15rem .4rem; border: 0; overflow-x: auto; scrollbar-width: thin; }
  nav a { margin: 0; padding: .2rem .75rem; border: 1px solid var(--line); border-radius: 1rem; white-space: nowrap; }
}
@media (max-width: 44rem) {
  table, tbody, tr, tbody th, td { display: block; width: auto !important; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tbody th { padding-bottom: .2rem; }
  td { padding-top: .2rem; padding-bottom: .35rem; }
  td:last-child { padding-bottom: .9rem; }
  tbody tr + tr > * { border-top: 0; }
  tbody tr + tr { border-top: 1px solid var(--line); }
  .facts { gap: .8rem 2rem; }
}
@media print {
  :root { color-scheme: light; --back: #fff; --panel: #fff; --text: #000; --soft: #333; --line: #bbb; --link: #000; --mark: #fff; }
  nav, .skip, footer { display: none; }
  header { padding: 0 0 1rem; }
  .columns { display: block; }
  .inner { max-width: none; padding: 0; }
  body { font-size: 10pt; }
  tr, li { break-inside: avoid; }
  h2, .lead { break-after: avoid; }
  a { text-decoration: none; }
  details::details-content { display: block; content-visibility: visible; block-size: auto; }
}
`
