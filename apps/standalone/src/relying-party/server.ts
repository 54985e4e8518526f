import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type RelyingParty } from '@keyward/cli';
import { Agent, request } from 'undici';
import { failedPage, startPage, tokensPage, type Tokens } from './pages';

/** Where the demo's relying party finds its OpenID provider. */
export interface Provider {
  issuer: string;
  /** The gateway as this process reaches it, and the authority of its certificate; any certificate without one. */
  url: string;
  ca?: string;
}

/** What is remembered between the two halves of a sign-in; nobody has more of them than this going on. */
const MOST = 100;

/** What binds a sign-in to its browser. */
const COOKIE = 'keyward-demo-state';

const random = () => randomBytes(32).toString('base64url');

/**
 * A page where a newcomer signs in and sees the tokens: authorization code with PKCE (RFC 7636) as any native application
 * would do it. For this machine alone. Resolves to how it is ended.
 */
export async function startRelyingParty(party: RelyingParty, provider: Provider): Promise<() => Promise<void>> {
  const agent = new Agent({ connect: provider.ca ? { ca: provider.ca } : { rejectUnauthorized: false } });
  const begun = new Map<string, { verifier: string; nonce: string }>();

  const begin = (): { location: string; state: string } => {
    const [state, nonce, verifier] = [random(), random(), random()];
    begun.set(state, { verifier, nonce });
    const [oldest] = begun.keys();
    if (oldest !== undefined && begun.size > MOST) begun.delete(oldest);
    const params = {
      ...{ response_type: 'code', client_id: party.consumerKey, redirect_uri: party.redirectUri },
      ...{ scope: 'openid profile email offline_access', state, nonce },
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    };
    return { location: `${provider.issuer}/authorize?${new URLSearchParams(params).toString()}`, state };
  };

  const finish = async (params: URLSearchParams, cookies = ''): Promise<string> => {
    const state = params.get('state') ?? '';
    // Only the browser in which it was begun goes on with it (RFC 6749 §10.12).
    if (!cookies.split('; ').includes(`${COOKIE}=${state}`)) return failedPage('This sign-in was not begun here.');
    const known = begun.get(state);
    begun.delete(state);
    const code = params.get('code');
    // RFC 9207 §2.4: an answer of another issuer is not for this sign-in.
    if (!known || params.get('iss') !== provider.issuer) return failedPage('This sign-in was not begun here.');
    if (code === null) return failedPage(params.get('error_description') ?? params.get('error') ?? 'There is no code.');
    const { pathname } = new URL(provider.issuer);
    const form = {
      ...{ grant_type: 'authorization_code', code, redirect_uri: party.redirectUri, client_id: party.consumerKey },
      code_verifier: known.verifier,
    };
    const { statusCode, body } = await request(`${provider.url}${pathname}/oauth2/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(form).toString(),
      dispatcher: agent,
    });
    const answer = (await body.json()) as Tokens & { error?: string };
    if (statusCode !== 200) return failedPage(answer.error ?? 'There are no tokens.');
    return tokensPage(answer, known.nonce, { issuer: provider.issuer, url: party.url });
  };

  const answer = async ({ url = '/', headers }: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(url, party.url);
    if (pathname === '/') send(response, startPage(provider.issuer));
    else if (pathname === '/sign-in') {
      const { location, state } = begin();
      const cookie = `${COOKIE}=${state}; Path=/callback; HttpOnly; SameSite=Lax`;
      response.writeHead(303, { location, 'set-cookie': cookie }).end();
    } else if (pathname === '/callback') send(response, await finish(searchParams, headers.cookie));
    else response.writeHead(404).end();
  };
  const server = createServer((incoming, response) => {
    answer(incoming, response).catch(() => {
      send(response, failedPage('Keyward does not answer.'));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(Number(new URL(party.url).port), 'localhost', resolve);
  });
  return async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await agent.close();
  };
}

function send(response: ServerResponse, page: string): void {
  response
    .writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    })
    .end(page);
}
