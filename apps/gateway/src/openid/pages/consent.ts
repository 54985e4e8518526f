import { html } from './html';
import { alertOf, csrfField, page, type Look } from './layout';
import { fill, scopeText } from './texts';

/** What the consent page shows. */
export interface ConsentPage extends Look {
  action: string;
  csrf: string;
  client: string;
  username: string;
  scopes: string[];
  /** Nobody of the organization knows the client. */
  untrusted?: boolean;
  problem?: 'expired';
  /** The same request, for somebody else. */
  signInInstead: string;
}

export function consentPage({
  action,
  csrf,
  client,
  username,
  scopes,
  untrusted,
  problem,
  ...look
}: ConsentPage): string {
  const { texts, signInInstead } = look;
  const content = html`
    ${alertOf(problem && texts[problem])}
    ${alertOf(untrusted ? fill(texts.untrusted, { client, organization: look.organization }) : undefined)}
    <p>${fill(texts.consentAs, { username })}</p>
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
