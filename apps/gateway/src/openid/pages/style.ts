/** The one style of all pages: small, without anything from elsewhere; colours of 4.5:1 and more, light and dark. */
export const STYLE = `:root {
  color-scheme: light dark;
  --brand: #1f5fbf;
  --on-brand: #fff;
  --text: #1b1f24;
  --soft: #57606a;
  --back: #f3f5f7;
  --card: #fff;
  --line: #c9d1d9;
  --alert: #a40e26;
  --alert-back: #ffebe9;
}
@media (prefers-color-scheme: dark) {
  :root {
    --brand: #6ea8fe;
    --on-brand: #0b1320;
    --text: #e8ecf1;
    --soft: #a9b4c0;
    --back: #0e1217;
    --card: #171c23;
    --line: #39434f;
    --alert: #ffb3ad;
    --alert-back: #3d1316;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0;
  min-height: 100vh;
  display: flex;
  align-items: center;
  justify-content: center;
  padding: 1.5rem 1rem;
  background: var(--back);
  color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif;
}
main {
  width: 100%;
  max-width: 27rem;
  padding: 2rem;
  background: var(--card);
  border: 1px solid var(--line);
  border-top: 0.3rem solid var(--brand);
  border-radius: 0.9rem;
  box-shadow: 0 1rem 3rem rgb(0 0 0 / 8%);
  overflow-wrap: anywhere;
}
main:has(.list) { max-width: 42rem; }
.organization { display: flex; align-items: center; gap: 0.75rem; margin: 0 0 1.25rem; font-weight: 600; }
.logo {
  flex: none;
  width: auto;
  max-width: 9rem;
  height: 2.5rem;
  padding: 0.15rem;
  border-radius: 0.5rem;
  object-fit: contain;
}
@media (prefers-color-scheme: dark) { .logo { background: #fff; } }
.mark {
  display: grid;
  place-items: center;
  flex: none;
  width: 2.25rem;
  height: 2.25rem;
  border-radius: 0.6rem;
  background: var(--brand);
  color: var(--on-brand);
}
h1 { margin: 0 0 1rem; font-size: 1.5rem; line-height: 1.25; }
h2 { margin: 1.75rem 0 0.5rem; font-size: 1.1rem; }
p { margin: 0 0 1rem; }
label { display: block; margin-bottom: 0.25rem; font-weight: 600; }
input {
  width: 100%;
  margin-bottom: 0.25rem;
  padding: 0.65rem 0.75rem;
  border: 1px solid var(--soft);
  border-radius: 0.5rem;
  background: var(--back);
  color: inherit;
  font: inherit;
}
input[aria-invalid] { border-color: var(--alert); }
button {
  width: 100%;
  margin-top: 0.75rem;
  padding: 0.7rem 1rem;
  border: 1px solid var(--soft);
  border-radius: 0.5rem;
  background: transparent;
  color: inherit;
  font: inherit;
  font-weight: 600;
  cursor: pointer;
}
button.primary { border-color: var(--brand); background: var(--brand); color: var(--on-brand); }
button:hover { filter: brightness(1.08); text-decoration: underline; }
:focus-visible { outline: 3px solid var(--brand); outline-offset: 2px; }
a { color: var(--brand); }
.hint, .aside { color: var(--soft); font-size: 0.9rem; }
.aside { margin: 1.25rem 0 0; }
.alert { padding: 0.75rem 1rem; border-radius: 0.5rem; background: var(--alert-back); color: var(--alert); }
.scopes { margin: 0 0 1rem; padding-left: 1.25rem; }
.list { margin: 0; padding: 0; list-style: none; }
.list li { display: flex; gap: 1rem; align-items: center; padding: 0.75rem 0; border-top: 1px solid var(--line); }
.list li > div { flex: 1; }
.list p { margin: 0; }
.list button { width: auto; margin: 0; padding: 0.4rem 0.8rem; }
.code { margin: 0.75rem 0; font-family: ui-monospace, monospace; font-size: 1.5rem; letter-spacing: 0.15em; text-align: center; }
.badge { margin-left: 0.5rem; padding: 0.1rem 0.5rem; border: 1px solid var(--soft); border-radius: 1rem; font-size: 0.8rem; }
@media (max-width: 30rem) {
  body { padding: 0; align-items: stretch; background: var(--card); }
  main { border-width: 0.3rem 0 0; border-radius: 0; box-shadow: none; padding: 1.5rem 1.25rem; }
  .list li { flex-direction: column; align-items: stretch; }
}
@media (prefers-reduced-motion: no-preference) { button { transition: filter 0.15s; } }
`;

/** Sends the answer of the response mode `form_post` on. */
export const FORM_POST_SCRIPT = `document.getElementById('answer').submit();\n`;
