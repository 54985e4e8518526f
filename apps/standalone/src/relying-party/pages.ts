/** RFC 6749 §5.1, OpenID Connect Core 1.0 §3.1.3.3. */
export interface Tokens {
  access_token: string;
  id_token: string;
  refresh_token?: string;
  scope: string;
}

const STYLE = `:root{color-scheme:light dark}body{max-width:46rem;margin:3rem auto;padding:0 1rem;font:1rem/1.5 system-ui,sans-serif}
pre{padding:1rem;border:1px solid #8888;border-radius:.5rem;white-space:pre-wrap;overflow-wrap:anywhere}`;

const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

const page = (title: string, content: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title><style>${STYLE}</style></head><body><main><h1>${title}</h1>${content}</main></body></html>`;

/** Where it begins. */
export const startPage = (issuer: string): string =>
  page(
    'A small relying party',
    `<p>This page is an application of the demo organization. It never sees your password: you give it to
    <code>${escape(issuer)}</code> alone. The user and the password are in <code>demo.json</code>.</p>
    <p><a href="/sign-in">Sign in with Keyward</a></p>`,
  );

export const failedPage = (why: string): string =>
  page('That did not work', `<p>${escape(why)}</p><p><a href="/">Try again</a></p>`);

/** What it got. The ID token came straight from the provider over TLS (OpenID Connect Core 1.0 §3.1.3.7). */
export function tokensPage(tokens: Tokens, nonce: string, { issuer, url }: { issuer: string; url: string }): string {
  const claims = claimsOf(tokens.id_token);
  if (claims['nonce'] !== nonce || claims['iss'] !== issuer) return failedPage('This ID token is for another sign-in.');
  const out = new URLSearchParams({ id_token_hint: tokens.id_token, post_logout_redirect_uri: `${url}/` });
  const block = (title: string, value: string) => `<h2>${title}</h2><pre>${escape(value)}</pre>`;
  return page(
    'You are signed in',
    block('ID token, read', JSON.stringify(claims, null, 2)) +
      block('Access token', tokens.access_token) +
      (tokens.refresh_token ? block('Refresh token', tokens.refresh_token) : '') +
      block('Scope', tokens.scope) +
      `<p><a href="${escape(`${issuer}/logout?${out.toString()}`)}">Sign out</a> ·
       <a href="${escape(issuer)}/account">Your sessions and consents</a></p>`,
  );
}

const claimsOf = (jwt: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
