import { html } from './html';
import { alertOf, csrfField, page, type Look } from './layout';
import { fill } from './texts';

/** What the sign-in page shows. */
export interface SignInPage extends Look {
  /** Where its form is posted. */
  action: string;
  csrf: string;
  /** The application that wants to know its user. */
  client?: string;
  problem?: 'wrong' | 'limited' | 'busy' | 'expired';
  username?: string;
  /** How a name may look here: the root page needs the org key. */
  example: string;
}

export function signInPage({ action, csrf, client, problem, username, example, ...look }: SignInPage): string {
  const { texts } = look;
  const title = client === undefined ? texts.signIn : fill(texts.signInTo, { client });
  const invalid = problem === 'wrong' ? html`aria-invalid="true"` : undefined;
  const content = html`
    ${client === undefined && html`<p>${texts.signInToAccount}</p>`} ${alertOf(problem && texts[problem])}
    <form method="post" action="${action}">
      ${csrfField(csrf)}
      <label for="username">${texts.username}</label>
      <input
        id="username"
        name="username"
        value="${username ?? ''}"
        aria-describedby="username-hint"
        autocomplete="username"
        autocapitalize="none"
        spellcheck="false"
        maxlength="384"
        required
        ${username ? undefined : html`autofocus`}
        ${invalid}
      />
      <p class="hint" id="username-hint">${fill(texts.usernameHint, { example })}</p>
      <label for="password">${texts.password}</label>
      <input
        id="password"
        name="password"
        type="password"
        autocomplete="current-password"
        maxlength="1024"
        required
        ${username ? html`autofocus` : undefined}
        ${invalid}
      />
      <button class="primary">${texts.signIn}</button>
    </form>
  `;
  return page(look, title, content);
}
