import { html } from './html';
import { alertOf, csrfField, page, type Look } from './layout';
import { fill, scopeText } from './texts';

/** What the page shows where a device's code is typed in. */
export interface DeviceCodePage extends Look {
  action: string;
  csrf: string;
  problem?: 'unknownCode' | 'limitedCodes' | 'busy' | 'expired';
  /** As it was typed. */
  userCode?: string;
}

export function deviceCodePage({ action, csrf, problem, userCode, ...look }: DeviceCodePage): string {
  const { texts } = look;
  const content = html`
    <p>${texts.deviceText}</p>
    ${alertOf(problem && texts[problem])}
    <form method="post" action="${action}">
      ${csrfField(csrf)}
      <label for="user-code">${texts.userCode}</label>
      <input
        id="user-code"
        name="user_code"
        class="code"
        value="${userCode ?? ''}"
        aria-describedby="user-code-hint"
        autocomplete="off"
        autocapitalize="characters"
        spellcheck="false"
        maxlength="20"
        required
        autofocus
        ${problem === 'unknownCode' ? html`aria-invalid="true"` : undefined}
      />
      <p class="hint" id="user-code-hint">${fill(texts.usernameHint, { example: 'WDJB-MJHT' })}</p>
      <button class="primary">${texts.continue}</button>
    </form>
  `;
  return page(look, texts.deviceTitle, content);
}

/** What the page shows that asks whether the device is the user's own (RFC 8628 §5.4). */
export interface DevicePage extends Look {
  action: string;
  csrf: string;
  client: string;
  username: string;
  userCode: string;
  scopes: string[];
  problem?: 'expired';
  /** The same code, for somebody else. */
  signInInstead: string;
}

export function devicePage({ action, csrf, client, userCode, username, scopes, problem, ...look }: DevicePage): string {
  const { texts, signInInstead } = look;
  const content = html`
    ${alertOf(problem && texts[problem])}
    <p>${fill(texts.consentAs, { username })}</p>
    <p>${fill(texts.deviceConfirm, { client })}</p>
    <p class="code">${userCode}</p>
    <p class="alert">${texts.deviceWarning}</p>
    <p id="scopes">${fill(texts.consentList, { client })}</p>
    <ul class="scopes" aria-labelledby="scopes">
      ${scopes.map((scope) => html`<li>${scopeText(texts, scope)}</li>`)}
    </ul>
    <form method="post" action="${action}">
      ${csrfField(csrf)}
      <button class="primary" name="decision" value="allow">${texts.allow}</button>
      <button name="decision" value="deny">${texts.deny}</button>
    </form>
    <p class="aside"><a href="${signInInstead}">${texts.notYou}</a></p>
  `;
  return page(look, fill(texts.consentTitle, { client }), content);
}

/** What the user's answer has brought about. */
export function deviceDonePage({ allowed, client, ...look }: Look & { allowed: boolean; client: string }): string {
  const { texts } = look;
  const [title, text] = allowed
    ? [texts.deviceAllowedTitle, texts.deviceAllowed]
    : [texts.deviceDeniedTitle, texts.deviceDenied];
  return page(look, title, html`<p>${fill(text, { client })}</p>`);
}
