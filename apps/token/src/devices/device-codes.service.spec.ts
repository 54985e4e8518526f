import { openWire, startCall, type Wire } from '@keyward/bus';
import {
  authorizeDevice,
  decideDevice,
  openDevicePage,
  signInForDevice,
  withdrawConsent,
  type Browser,
  type DeviceAuthorization,
  type DeviceStep,
} from '@keyward/contracts';
import {
  createLogger,
  DatabaseSettings,
  IssuerSettings,
  OAuthSettings,
  OutboundSettings,
  SessionSettings,
} from '@keyward/runtime';
import { asAdmin, createTestDatabase, startNats, TestClock, type Nats, type TestDatabase } from '@keyward/testing';
import { TOKEN_SCHEMA } from '../data-source';
import { johns, marys } from '../neighbours.fixture';
import { ISSUER, refusalOf, startScene, type Form, type Scene } from '../service.fixture';
import { startToken } from '../start';

const GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
const clock = new TestClock(Math.floor(Date.now() / 1000) * 1000);
const john = { username: 'john', password: '019b0000-0000-7000-8000-000000000001-password' };

let database: TestDatabase;
let nats: Nats;
let scene: Scene;
let second: { close: () => Promise<void> };
let wire: Wire;

beforeAll(async () => {
  [database, nats] = await Promise.all([createTestDatabase([TOKEN_SCHEMA]), startNats()]);
  scene = await startScene(nats.url, database.url('token'), clock);
  // Another instance of the service, which takes its share of the messages.
  wire = await openWire({ url: nats.url, name: 'token' });
  const config = {
    database: Object.assign(new DatabaseSettings(), { url: database.url('token') }),
    issuer: Object.assign(new IssuerSettings(), { publicUrl: new URL(ISSUER).origin }),
    ...{ oauth: new OAuthSettings(), sessions: new SessionSettings(), outbound: new OutboundSettings() },
  };
  const started = await startToken(config, wire, createLogger('token', { level: 'silent' }), clock);
  while ((await started.ready?.())?.status !== 'ready') await new Promise((resolve) => setTimeout(resolve, 10));
  second = started;
});
afterAll(async () => {
  await second.close();
  await wire.close();
  await scene.close();
  await Promise.all([database.drop(), nats.stop()]);
});

let address = 0;
beforeEach(() => {
  clock.set(Math.floor(Date.now() / 1000) * 1000);
  address += 1;
});

const begin = (more: Form = {}): Promise<DeviceAuthorization> =>
  scene.bus.call(authorizeDevice, { params: { client_id: 'johns-device', ...more }, ip: '127.0.0.1' }, startCall(2500));
const poll = ({ device_code }: DeviceAuthorization, more: Form = {}) =>
  scene.issue({ client_id: 'johns-device', grant_type: GRANT, device_code, ...more });
const pollCode = async (waiting: DeviceAuthorization, more: Form = {}) => (await refusalOf(poll(waiting, more))).code;

const browser = (code: string, session?: string, ip = `198.51.${address}.1`): Browser => ({
  ...{ params: { user_code: code }, organizationId: johns.id, ip },
  sessions: session === undefined ? {} : { johnsorg: session },
});
const open = (code: string, session?: string, ip?: string): Promise<DeviceStep> =>
  scene.bus.call(openDevicePage, browser(code, session, ip), startCall(2500));
const signIn = async ({ user_code }: DeviceAuthorization): Promise<string> => {
  const { session } = await scene.bus.call(signInForDevice, { ...browser(user_code), ...john }, startCall(2500));
  return session?.secret ?? '';
};
const decide = ({ user_code }: DeviceAuthorization, session: string, allowed = true): Promise<DeviceStep> =>
  scene.bus.call(decideDevice, { ...browser(user_code, session), allowed }, startCall(2500));
async function approved(more: Form = {}): Promise<DeviceAuthorization> {
  const waiting = await begin(more);
  expect((await decide(waiting, await signIn(waiting))).step).toBe('allowed');
  return waiting;
}

it('DV-02 a device waits longer between its polls each time it comes too early', async () => {
  const waiting = await begin();
  expect(await pollCode(waiting)).toBe('authorization_pending');
  clock.advance(4_999);
  expect(await pollCode(waiting)).toBe('slow_down'); // Ten seconds from now on.
  clock.advance(9_999);
  expect(await pollCode(waiting)).toBe('slow_down'); // Fifteen.
  clock.advance(15_000);
  expect(await pollCode(waiting)).toBe('authorization_pending');
  clock.advance(14_999);
  expect(await pollCode(waiting)).toBe('slow_down');
});

it('DV-02 abuse 34: a code is over after ten minutes, for the device and for the page', async () => {
  const waiting = await begin();
  clock.advance(599_999);
  expect((await open(waiting.user_code)).step).toBe('sign-in');
  clock.advance(1);
  expect(await pollCode(waiting)).toBe('expired_token');
  expect(await open(waiting.user_code)).toMatchObject({ step: 'code', problem: 'unknown' });
  const late = await approved();
  clock.advance(600_000);
  expect(await pollCode(late)).toBe('expired_token');
});

it('DV-03 of many polls at once, of two instances, exactly one gets the tokens', async () => {
  const waiting = await approved();
  const answers = await Promise.all(Array.from({ length: 16 }, () => pollCode(waiting)));
  expect(answers.filter((code) => code === 'answered')).toHaveLength(1);
  expect(new Set(answers)).toEqual(new Set(['answered', 'invalid_grant']));
  expect(await pollCode(waiting)).toBe('invalid_grant');
});

it('DV-02 of many early polls at once one may wait on, and each of the others makes it wait longer', async () => {
  const waiting = await begin();
  const answers = await Promise.all(Array.from({ length: 4 }, () => pollCode(waiting)));
  expect(answers.sort()).toEqual(['authorization_pending', 'slow_down', 'slow_down', 'slow_down']);
  clock.advance(19_999);
  expect(await pollCode(waiting)).toBe('slow_down');
});

it('DV-03 of two answers at once exactly one counts', async () => {
  const waiting = await begin();
  const session = await signIn(waiting);
  const steps = await Promise.all([true, false, true, false].map((allowed) => decide(waiting, session, allowed)));
  const counted = steps.filter(({ step }) => step !== 'code');
  expect(counted).toHaveLength(1);
  expect(await pollCode(waiting)).toBe(counted[0]?.step === 'allowed' ? 'answered' : 'access_denied');
});

it('DV-04 BF-21 BF-25 five wrong codes in ten minutes, and no sixth is looked at, not even the right one', async () => {
  const waiting = await begin();
  const wrong = Array.from({ length: 40 }, (_, n) => `BCDF-GH${'BCDFGHJKLM'[n % 10]}${'BCDF'[n % 4]}`);
  const steps = await Promise.all(wrong.map((code) => open(code)));
  expect(steps.filter(({ problem }) => problem === 'unknown')).toHaveLength(5);
  expect(steps.filter(({ problem }) => problem === 'limited')).toHaveLength(35);
  expect(await open(waiting.user_code)).toMatchObject({ step: 'code', problem: 'limited', retryAfter: 600 });
  // Another network, and this one ten minutes later.
  expect((await open(waiting.user_code, undefined, '203.0.113.9')).step).toBe('sign-in');
  clock.advance(600_000);
  expect((await open((await begin()).user_code)).step).toBe('sign-in');
});

it('BF-21 each step of the page counts, so that none is a way around', async () => {
  const waiting = await begin();
  const session = await signIn(waiting);
  const wrong = { ...waiting, user_code: 'BBBB-BBBB' };
  for (let n = 0; n < 3; n++) expect((await decide(wrong, session)).problem).toBe('unknown');
  for (let n = 0; n < 2; n++) expect(await signIn(wrong)).toBe('');
  expect(await decide(waiting, session)).toMatchObject({ step: 'code', problem: 'limited' });
});

it('DV-05 MT-02 a code of another organization is none here', async () => {
  const waiting = await begin();
  const at = { ...browser(waiting.user_code), organizationId: marys.id };
  expect(await scene.bus.call(openDevicePage, at, startCall(2500))).toMatchObject({ step: 'code', problem: 'unknown' });
  const form = { client_id: 'marys', client_secret: 'marys-secret' };
  expect(await pollCode(waiting, form)).toBe('unauthorized_client');
});

it('DV-03 RT-10 nothing comes of a consent that was withdrawn before the device came for it', async () => {
  const waiting = await approved();
  const consent = { organizationId: johns.id, sub: john.password.slice(0, 36), clientId: 'johns-device' };
  await scene.bus.call(withdrawConsent, consent, startCall(2500));
  expect(await pollCode(waiting)).toBe('invalid_grant');
});

it('RT-10 abuse 14: nor for a user who has another password meanwhile, or is gone', async () => {
  const [person] = scene.neighbours.people;
  if (!person) throw new Error('no john');
  const waiting = await approved();
  person.credentialsChangedAt = Math.floor(clock.now() / 1000) + 1;
  expect(await pollCode(waiting)).toBe('invalid_grant');
  person.credentialsChangedAt = 0;
  const other = await approved();
  scene.neighbours.people.splice(0, 1);
  expect(await pollCode(other)).toBe('invalid_grant');
  scene.neighbours.people.unshift(person);
});

it('TE-08 a strict client learns on the page that its user may not have what it asks for', async () => {
  const client = { client_id: 'johns-strict-device', client_secret: 'johns-strict-device-secret' };
  const waiting = await begin({ ...client, scope: 'orders:read orders:update' });
  expect(await open(waiting.user_code, await signIn(waiting))).toMatchObject({ step: 'error', error: 'invalid_scope' });
});

it('C-10 C-11 keeps neither code, only their hashes', async () => {
  const { device_code, user_code } = await begin();
  const sql = 'SELECT d::text AS row FROM token.device_codes d';
  const { rows } = await asAdmin(database.adminUrl, (admin) => admin.query<{ row: string }>(sql));
  const stored = JSON.stringify(rows);
  expect(stored).toContain('johns-device');
  const random = Buffer.from(device_code.slice(4), 'base64url').subarray(16, -4).toString('hex');
  for (const secret of [device_code, random, user_code, user_code.replace('-', '')])
    expect(stored).not.toContain(secret);
});
