import { setTimeout as pause } from 'node:timers/promises';
import { startProcesses, type Processes } from '@keyward/testing';
import { createLocalJWKSet, createRemoteJWKSet, customFetch, decodeProtectedHeader, jwtVerify } from 'jose';

/** Seconds. */
const SCHEDULE = { SIGNING_KEY_PUBLISH_AHEAD: '12', SIGNING_KEY_ACTIVE: '18' };
/** jose asks again for a key that it does not know, but not within this of having asked: 30 s where a key is ahead for longer. */
const COOLDOWN_MS = 9_000;
const OPTIONS = { algorithms: ['ES256'], typ: 'at+jwt' };
const KEYS = 3;

let processes: Processes;
beforeAll(async () => (processes = await startProcesses({ instances: 2, env: { 'key-manager': SCHEDULE } })));
afterAll(() => processes.stop());

type Verify = (token: string) => Promise<unknown>;

let turn = 0;
/** The gateways, one after the other. */
const gateway = () => processes.gatewayUrls[turn++ % processes.gatewayUrls.length] ?? '';
const jwks = () => processes.deployment.send(`${gateway()}/t/johnsorg/jwks`);

/** What comes with jose. */
function byJose(): Verify {
  const keys = createRemoteJWKSet(new URL('/t/johnsorg/jwks', processes.access.baseUrl), {
    cooldownDuration: COOLDOWN_MS,
    [customFetch]: async () => new Response((await jwks()).text),
  });
  return (token) => jwtVerify(token, keys, OPTIONS);
}

/** As proxies do it: what `Cache-Control` allows is kept for so long, and an unknown key is no reason to ask. */
function byCacheControl(): Verify {
  let kept: { keys: ReturnType<typeof createLocalJWKSet>; until: number } | undefined;
  return async (token) => {
    if (!kept || kept.until <= Date.now()) {
      const { body, headers } = await jwks();
      const [, seconds = '0'] = /max-age=(\d+)/.exec(String(headers['cache-control'])) ?? [];
      kept = { keys: createLocalJWKSet(body), until: Date.now() + Number(seconds) * 1000 };
    }
    return jwtVerify(token, kept.keys, OPTIONS);
  };
}

it('C-30 JK-04 JK-05 keys rotate by themselves under load, and no verifier that caches refuses a token', async () => {
  const verifiers: [string, Verify][] = [
    ['jose', byJose()],
    ['another jose', byJose()],
    ['by Cache-Control', byCacheControl()],
  ];
  const { consumerKey, consumerSecret } = processes.access.demo;
  const form = { grant_type: 'client_credentials' };
  const first = new Map<string, string>();
  const refused: string[] = [];
  let verified = 0;
  const verify = (token: string) =>
    Promise.all(
      verifiers.map(async ([name, by]) => {
        verified++;
        await by(token).catch((error: unknown) => refused.push(`${name}: ${String(error)}`));
      }),
    );
  const client = async () => {
    while (first.size < KEYS && refused.length === 0) {
      const { status, body, text } = await processes.deployment.send(`${gateway()}/token`, {
        form,
        basic: [consumerKey, consumerSecret],
      });
      if (status !== 200) refused.push(`/token: ${status} ${text}`);
      else await verify(body.access_token as string);
      const token = body.access_token as string;
      const { kid = '' } = status === 200 ? decodeProtectedHeader(token) : {};
      if (!first.has(kid)) first.set(kid, token);
      for (const older of first.values()) await verify(older);
      await pause(25);
    }
  };
  await Promise.all(Array.from({ length: 4 }, client));
  expect(refused).toEqual([]);
  expect(first.size).toBe(KEYS);
  process.stdout.write(`    ${verified} verifications while ${KEYS} keys signed\n`);
}, 400_000);
