import {
  authorize,
  findSession,
  giveConsent,
  listSessions,
  signIn,
  type AuthorizationStep,
  type Browser,
} from '@keyward/contracts';
import { startCall } from '@keyward/bus';
import { asAdmin, createTestDatabase, startNats, TestClock, type Nats, type TestDatabase } from '@keyward/testing';
import { challengeOf } from '../codes/pkce';
import { TOKEN_SCHEMA } from '../data-source';
import { johns, REDIRECT_URI } from '../neighbours.fixture';
import { as, refusalOf, startScene, type Form, type Scene } from '../service.fixture';

const clock = new TestClock(Math.floor(Date.now() / 1000) * 1000);
const HOUR = 3_600_000;
const VERIFIER = 'v'.repeat(43);

let database: TestDatabase;
let nats: Nats;
let scene: Scene;

beforeAll(async () => {
  [database, nats] = await Promise.all([createTestDatabase([TOKEN_SCHEMA]), startNats()]);
  scene = await startScene(nats.url, database.url('token'), clock);
});
afterAll(async () => {
  await scene.close();
  await Promise.all([database.drop(), nats.stop()]);
});
beforeEach(() => {
  clock.set(Math.floor(Date.now() / 1000) * 1000);
});

const params = (more: Form = {}): Form => ({
  ...{ client_id: 'johns-pages', response_type: 'code', redirect_uri: REDIRECT_URI },
  ...{ code_challenge: challengeOf(VERIFIER) ?? '', code_challenge_method: 'S256', ...more },
});
const browser = (session?: string, more: Form = {}): Browser => ({
  ...{ params: params(more), organizationId: johns.id, ip: '127.0.0.1' },
  sessions: session === undefined ? {} : { johnsorg: session },
});
const [john] = [{ username: 'john', password: '019b0000-0000-7000-8000-000000000001-password' }];

/** Signs in and agrees. */
async function signedIn(): Promise<{ session: string; step: AuthorizationStep }> {
  const { session } = await scene.bus.call(signIn, { ...browser(), ...john }, startCall(2500));
  const step = await scene.bus.call(giveConsent, { ...browser(session?.secret), allowed: true }, startCall(2500));
  return { session: session?.secret ?? '', step };
}
const ask = async (session: string, more: Form = {}) =>
  (await scene.bus.call(authorize, browser(session, { prompt: 'none', ...more }), startCall(2500))).redirect?.params ??
  {};
const redeem = (code: string) =>
  scene.issue({
    ...as('johns-pages'),
    ...{ grant_type: 'authorization_code', code, code_verifier: VERIFIER, redirect_uri: REDIRECT_URI },
  });

it('AC-06 a code is good for less than a minute', async () => {
  const { step, session } = await signedIn();
  clock.advance(59_000);
  expect((await redeem(step.redirect?.params['code'] ?? '')).body.token_type).toBe('Bearer');
  const { code = '' } = await ask(session);
  clock.advance(60_000);
  expect(await refusalOf(redeem(code))).toMatchObject({ code: 'invalid_grant' });
  clock.advance(-30_000);
  expect(await refusalOf(redeem(code))).toMatchObject({ code: 'invalid_grant' }); // It was over then.
});

it('AC-02 a code that is used again half a minute later ends what it gave', async () => {
  const { step } = await signedIn();
  const code = step.redirect?.params['code'] ?? '';
  const { body } = await redeem(code);
  clock.advance(30_000);
  expect(await refusalOf(redeem(code))).toMatchObject({ code: 'invalid_grant' });
  expect(await scene.introspect({ ...as('johns-pages'), token: body.access_token })).toEqual({ active: false });
});

it('ASVS 7.3.2 a session ends when it is not used for a third of a day', async () => {
  const { session } = await signedIn();
  clock.advance(7 * HOUR);
  expect(await ask(session)).toHaveProperty('code');
  clock.advance(7 * HOUR);
  expect(await ask(session)).toHaveProperty('code');
  clock.advance(8 * HOUR + 1000);
  expect(await ask(session)).toMatchObject({ error: 'login_required' });
});

it('ASVS 7.3.1 a session ends a week after signing in, however much it is used', async () => {
  const { session } = await signedIn();
  const find = () => scene.bus.call(findSession, { organizationId: johns.id, secret: session }, startCall(2500));
  for (let hour = 0; hour < 7 * 24; hour += 7) {
    expect((await find()).username).toBe('john');
    clock.advance(7 * HOUR);
  }
  expect(await refusalOf(find())).toMatchObject({ code: 'not_found' });
  const of = { organizationId: johns.id, sub: '019b0000-0000-7000-8000-000000000001' };
  const { items } = await scene.bus.call(listSessions, { ...of, limit: 50 }, startCall(2500));
  expect(items).toEqual([]); // What is over is not shown, whenever it is cleared away (abuse 34).
});

it('AZ-09 max_age counts from signing in, not from the last use', async () => {
  const { session } = await signedIn();
  clock.advance(100_000);
  expect(await ask(session, { max_age: '100' })).toHaveProperty('code');
  clock.advance(1000);
  expect(await ask(session, { max_age: '100' })).toMatchObject({ error: 'login_required' });
});

it('C-10 C-11 neither codes nor sessions are stored', async () => {
  const { step, session } = await signedIn();
  const sql = `SELECT (SELECT json_agg(s) FROM token.sessions s)::text || (SELECT json_agg(c) FROM token.authorization_codes c) AS dump`;
  const { rows } = await asAdmin(database.adminUrl, (admin) => admin.query<{ dump: string }>(sql));
  const dump = rows[0]?.dump ?? '';
  expect(dump).toContain('johns-pages');
  for (const secret of [step.redirect?.params['code'] ?? '', session]) {
    const random = Buffer.from(secret.slice(4), 'base64url').subarray(-36, -4);
    for (const known of [secret, random.toString('hex'), random.toString('base64url')])
      expect(dump).not.toContain(known);
  }
});
