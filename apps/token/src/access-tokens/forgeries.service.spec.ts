import { createTestDatabase, startNats, TestClock, type Nats, type TestDatabase } from '@keyward/testing';
import fc from 'fast-check';
import { TOKEN_SCHEMA } from '../data-source';
import { as, startScene, type Scene } from '../service.fixture';

let database: TestDatabase;
let nats: Nats;
let scene: Scene;
const tokens: Record<'johns' | 'johns-opaque', string> = { johns: '', 'johns-opaque': '' };

beforeAll(async () => {
  [database, nats] = await Promise.all([createTestDatabase([TOKEN_SCHEMA]), startNats()]);
  scene = await startScene(nats.url, database.url('token'), new TestClock(Math.floor(Date.now() / 1000) * 1000));
  for (const client of ['johns', 'johns-opaque'] as const)
    tokens[client] = (await scene.signIn(client)).body.access_token;
});
afterAll(async () => {
  await scene.close();
  await Promise.all([database.drop(), nats.stop()]);
});

const isActive = async (token: string) => (await scene.introspect({ ...as('johns'), token })).active;
const encode = (part: unknown) =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');

describe.each(['johns', 'johns-opaque'] as const)('AT-03 abuse 17 abuse 19: a token of %s', (client) => {
  it('is itself in its own spelling alone: with any character changed, left out or put in it is none', async () => {
    const letter = fc.constantFrom(...'ABab01-_.=+/ \n%');
    const change = fc.record({ at: fc.nat(), cut: fc.nat({ max: 2 }), put: fc.string({ unit: letter, maxLength: 2 }) });
    await fc.assert(
      fc.asyncProperty(change, async ({ at, cut, put }) => {
        const token = tokens[client];
        const place = at % (token.length + 1);
        const changed = token.slice(0, place) + put + token.slice(place + cut);
        expect(await isActive(changed || 'none')).toBe(changed === token);
      }),
      { numRuns: 300 },
    );
    expect(await isActive(tokens[client])).toBe(true);
  });
});

describe('AT-03 abuse 18: a JWT', () => {
  it('under any other header is none', async () => {
    const [, claims = '', signature = ''] = tokens.johns.split('.');
    const alg = fc.constantFrom('none', 'None', 'NONE', 'HS256', 'ES256', 'ES384', 'RS256', 'PS256', 'EdDSA', '', null);
    const kid = fc.constantFrom(undefined, '', '../../etc/passwd', "' OR 1=1 --", '__proto__', 'constructor');
    const typ = fc.constantFrom(undefined, 'at+jwt', 'JWT', 'dpop+jwt', 'logout+jwt');
    const extra = fc.constantFrom(
      {},
      { crit: ['x'], x: 1 },
      { jku: 'https://127.0.0.1/' },
      { b64: false, crit: ['b64'] },
    );
    const signed = fc.constantFrom(signature, '', encode('\0'.repeat(64)), 'AA');
    await fc.assert(
      fc.asyncProperty(alg, kid, typ, extra, signed, async (alg, kid, typ, extra, signed) => {
        expect(await isActive(`${encode({ alg, kid, typ, ...extra })}.${claims}.${signed}`)).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it('with any claims but those that were signed is none', async () => {
    const [header = '', claims = '', signature = ''] = tokens.johns.split('.');
    const payload = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Record<string, unknown>;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...Object.keys(payload)), fc.json(), async (name, value) => {
        const forged = encode({ ...payload, [name]: JSON.parse(value) as unknown });
        expect(await isActive(`${header}.${forged}.${signature}`)).toBe(forged === claims);
        const twice = encode(`{"${name}":${value},${JSON.stringify(payload).slice(1)}`);
        expect(await isActive(`${header}.${twice}.${signature}`)).toBe(false);
      }),
      { numRuns: 100 },
    );
  });
});
