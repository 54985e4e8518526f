import { randomUUID } from 'node:crypto';
import type { ClientJwks } from '@keyward/contracts';
import { Outbound } from '@keyward/runtime';
import { TestClock } from '@keyward/testing';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';
import { KeyServer } from '../../test/key-server';
import { verifyByKeysOf } from './by-keys-of';
import { RemoteJwks } from './remote-jwks';

const ACME = 'acme';
const BETA = 'beta';
let server: KeyServer;
let outbound: Outbound;
let clock: TestClock;
let remote: RemoteJwks;
let next = 0;

beforeAll(async () => {
  server = await new KeyServer().start();
  outbound = new Outbound({ addresses: ['127.0.0.0/8', '::1'], caFile: server.caFile });
});
afterAll(async () => {
  await outbound.close();
  await server.stop();
});
beforeEach(() => {
  clock = new TestClock();
  remote = new RemoteJwks(outbound, () => undefined, clock.now);
});

const setOf = (...keys: unknown[]): string => JSON.stringify({ keys });
function publish(body: string | Promise<string>): { path: string; url: string } {
  const path = `/${++next}`;
  server.answers[path] = body;
  return { path, url: server.url + path };
}
const newPair = async (kid?: string): Promise<{ jwk: JWK; privateKey: CryptoKey }> => {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  return { jwk: { ...(await exportJWK(publicKey)), ...(kid && { kid }) }, privateKey };
};
const isProven = async (jwksUri: string, by: CryptoKey, kid?: string): Promise<boolean> => {
  const now = clock.now() / 1000;
  const claims = { iss: 'client', sub: 'client', aud: 'issuer', jti: randomUUID(), iat: now, exp: now + 60 };
  const jwt = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', ...(kid && { kid }) }).sign(by);
  const expected = { issuer: 'client', subject: 'client', audience: 'issuer', now: clock.now() };
  const keys = { organizationId: ACME, jwks: null, jwksUri };
  return (await verifyByKeysOf(remote, keys, jwt, expected)) !== undefined;
};

it('CA-24 MT-22 abuse 37 servers that hang, however many one organization names, keep no other waiting', async () => {
  const { jwk } = await newPair('good');
  let release: (body: string) => void = () => undefined;
  const held = new Promise<string>((resolve) => (release = resolve));
  const hanging = Array.from({ length: 36 }, () => publish(held).url);
  const asked = Promise.allSettled(hanging.map((url) => remote.at(BETA, url)));
  expect(await remote.at(ACME, publish(setOf(jwk)).url)).toEqual({ keys: [jwk] });
  // Those that there was no room for have not failed: they are asked for when there is.
  const refused = (await asked).flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
  expect(refused).toContainEqual(expect.objectContaining({ code: 'temporarily_unavailable', retryAfter: 1 }));
  release(setOf(jwk));
  const last = hanging.at(-1) ?? '';
  expect(await remote.at(BETA, last)).toEqual({ keys: [jwk] });
});

it('MT-21 abuse 37 one organization that waits for a server does so with its own requests alone', async () => {
  const { jwk } = await newPair('good');
  let release: (body: string) => void = () => undefined;
  const { url } = publish(new Promise<string>((resolve) => (release = resolve)));
  const asked = Promise.allSettled(Array.from({ length: 100 }, () => remote.at(BETA, url)));
  release(setOf(jwk));
  const refused = (await asked).filter(({ status }) => status === 'rejected');
  expect(refused).toHaveLength(36);
  expect(await remote.at(ACME, url)).toEqual({ keys: [jwk] });
});

it('abuse 48 of a set only what is of use is held, and no more than there is room for', async () => {
  const { jwk } = await newPair('good');
  const padding = 'x'.repeat(120_000);
  const fat = [
    { ...jwk, kid: padding },
    { ...jwk, x5c: [padding], other: padding },
    { ...jwk, alg: [padding] },
  ];
  for (let i = 0; i < 30; i++) {
    const { url } = publish(setOf(jwk, fat[i % fat.length]));
    expect(await remote.at(ACME, url)).toEqual({ keys: i % 3 === 1 ? [jwk, jwk] : [jwk] });
  }
  expect(remote.bytes).toBeLessThan(60_000);
  const { url } = publish(setOf(jwk, { kty: 'EC', padding: 'x'.repeat(300_000) }));
  expect(await remote.at(ACME, url)).toBeUndefined();
});

it('abuse 48 sets beyond an organization’s room push out its own, and are fetched again', async () => {
  const { publicKey } = await generateKeyPair('RS256', { modulusLength: 4096, extractable: true });
  const jwk = await exportJWK(publicKey);
  const keys = Array.from({ length: 20 }, (_, i) => ({ ...jwk, kid: `${i}-${'x'.repeat(500)}` }));
  const [first, others] = [publish(setOf(...keys)), publish(setOf({ ...jwk, kid: 'one' }))];
  await remote.at(ACME, others.url);
  await remote.at(BETA, first.url);
  for (let i = 0; i < 30; i++) await remote.at(BETA, publish(setOf(...keys)).url);
  expect(remote.bytes).toBeLessThan(1024 * 1024 + 5000);
  await Promise.all([remote.at(ACME, others.url), remote.at(BETA, first.url)]);
  const countOf = (path: string) => server.asked.filter((asked) => asked === path).length;
  expect([countOf(others.path), countOf(first.path)]).toEqual([1, 2]);
});

it('JK-09 RFC 7517 §5 a key that cannot be used is ignored, and one beside it is used', async () => {
  const { jwk, privateKey } = await newPair('good');
  const { publicKey } = await generateKeyPair('RS256', { modulusLength: 2048, extractable: true });
  const rsa = await exportJWK(publicKey);
  const unusable = [
    ...[{ kty: 'AKP', alg: 'ML-DSA-44', pub: 'AAAA' }, { kty: 'NEW' }, { kty: 'oct', k: 'AAAA' }, null, 'x', {}],
    ...[
      { kty: 'RSA', e: 'AQAB', n: 'x'.repeat(171) },
      { ...rsa, use: 'enc' },
      { ...jwk, kid: { a: 1 } },
      { ...jwk, d: 'x' },
    ],
  ];
  for (const key of unusable) {
    const { url } = publish(setOf(key, jwk));
    expect(await isProven(url, privateKey, 'good')).toBe(true);
    expect(((await remote.at(ACME, url)) as ClientJwks).keys).toEqual([jwk]);
  }
  expect(await remote.at(ACME, publish(setOf(...unusable)).url)).toBeUndefined();
});

it('CA-24 JK-09 a key without a kid that was replaced is noticed by the first that is signed with the new one', async () => {
  const [before, after] = [await newPair(), await newPair()];
  const { path, url } = publish(setOf(before.jwk));
  expect(await isProven(url, before.privateKey)).toBe(true);
  server.answers[path] = setOf(after.jwk);
  clock.advance(59_000);
  expect(await isProven(url, after.privateKey)).toBe(false);
  clock.advance(2000);
  expect(await isProven(url, after.privateKey)).toBe(true);
  expect(await isProven(url, before.privateKey)).toBe(false);
  expect(server.asked.filter((asked) => asked === path)).toHaveLength(2);
});

it('CA-24 JK-09 of several keys without a kid, each proves', async () => {
  const [one, other, third] = [await newPair(), await newPair(), await newPair()];
  const { url } = publish(setOf(one.jwk, other.jwk));
  for (const { privateKey } of [one, other]) expect(await isProven(url, privateKey)).toBe(true);
  expect(await isProven(url, third.privateKey)).toBe(false);
});
