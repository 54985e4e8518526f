import type { ClientRedirect } from '@keyward/contracts';
import { html } from './html';
import { csrfField, page, type Look } from './layout';
import { fill } from './texts';

/** An error, and the answer that its user may choose to take to the client. */
interface Mistake {
  code?: string;
  description?: string;
  answer?: ClientRedirect;
}

/** Where an application is that nobody knows, and a way there that is taken by nobody unasked. */
function goOnForm({ texts }: Look, { uri, mode, params }: ClientRedirect) {
  const method = mode === 'form_post' ? 'post' : 'get';
  const { host, searchParams } = new URL(uri);
  const all = method === 'get' ? { ...Object.fromEntries(searchParams), ...params } : params;
  return html`
    <form method="${method}" action="${uri}">
      ${hiddenFields(all)}
      <p>${fill(texts.errorGoOn, { client: host || uri })}</p>
      <button>${texts.continue}</button>
    </form>
  `;
}

const hiddenFields = (params: Record<string, string>) =>
  Object.entries(params).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`);

/** What went wrong, for the user; `code` and `description` for whoever looks after the application. */
export function errorPage({ code, description, answer, ...look }: Look & Mistake): string {
  const { texts } = look;
  const details = code !== undefined && html`<p class="aside">${texts.errorDetails} <code>${code}</code></p>`;
  const content = html`
    <p>${texts.errorText}</p>
    ${details} ${description !== undefined && html`<p class="aside">${description}</p>`}
    ${answer && goOnForm(look, answer)}
  `;
  return page(look, texts.errorTitle, content);
}

/** One sentence where nothing else can be said. */
export const plainPage = (look: Look, text: string): string => page(look, look.texts.errorTitle, html`<p>${text}</p>`);

/** Asks whether to sign out: nobody is signed out by a link alone (LO-03). */
export function signOutPage({ action, csrf, ...look }: Look & { action: string; csrf: string }): string {
  const { texts, organization } = look;
  const content = html`
    <p>${fill(texts.signOutText, { organization })}</p>
    <form method="post" action="${action}">
      ${csrfField(csrf)}
      <button class="primary">${texts.signOut}</button>
    </form>
  `;
  return page(look, texts.signOutTitle, content);
}

export const signedOutPage = (look: Look): string =>
  page(
    look,
    look.texts.signedOutTitle,
    html`<p>${fill(look.texts.signedOutText, { organization: look.organization })}</p>`,
  );

/** OAuth 2.0 Form Post Response Mode: the answer goes on as a form, by itself where script runs, else by its button. */
export function formPostPage({ uri, params, ...look }: Look & { uri: string; params: Record<string, string> }): string {
  const { texts, base } = look;
  const client = new URL(uri).host;
  const content = html`
    <form method="post" action="${uri}" id="answer">
      ${hiddenFields(params)}
      <button class="primary">${texts.continue}</button>
    </form>
    <script src="${base}/form-post.js"></script>
  `;
  return page(look, fill(texts.continueTitle, { client }), content);
}
