// The requests of the benchmarks.

/** The form's headers and the client's credentials. */
export const basic = (id, secret) => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
  'content-type': 'application/x-www-form-urlencoded',
});

export const clientCredentials =
  (headers, scope = '') =>
  () => ({
    path: '/token',
    headers,
    body: `grant_type=client_credentials${scope}`,
  });

/** The users take turns. */
export const signIn = (headers, users) => (n) => ({
  path: '/token',
  headers,
  body: new URLSearchParams({ grant_type: 'password', ...users[n % users.length] }).toString(),
});

/** Each connection uses up its own refresh token and goes on with the successor. */
export function refreshing(headers, tokens) {
  const current = [...tokens];
  return {
    next: (n) => ({
      path: '/token',
      headers,
      body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: current[n] }).toString(),
    }),
    answered: (n, { refresh_token }) => (current[n] = refresh_token),
  };
}
