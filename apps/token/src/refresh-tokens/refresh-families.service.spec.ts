import { Bus, openWire, type Wire } from '@keyward/bus';
import {
  authorizeDevice,
  decideDevice,
  endRefreshFamilies,
  giveConsent,
  signIn,
  signInForDevice,
  tokenRevocations,
  type Browser,
  type RevocableClaims,
} from '@keyward/contracts';
import { Revocations } from '@keyward/runtime';
import { asAdmin, createTestDatabase, startNats, TestClock, type Nats, type TestDatabase } from '@keyward/testing';
import { decodeJwt } from 'jose';
import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from 'pg';
import { challengeOf } from '../codes/pkce';
import { TOKEN_SCHEMA } from '../data-source';
import { johns, REDIRECT_URI } from '../neighbours.fixture';
import { as, call, refresh, refusalOf, startScene, type Form, type Scene } from '../service.fixture';
import { dayOf, newId } from '../time-id';

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
const VERIFIER = 'v'.repeat(43);
const clock = new TestClock(Math.floor(Date.now() / 1000) * 1000);
const organizationId = johns.id;

let database: TestDatabase;
let nats: Nats;
let scene: Scene;
let wire: Wire;

beforeAll(async () => {
  [database, nats] = await Promise.all([createTestDatabase([TOKEN_SCHEMA]), startNats()]);
  scene = await startScene(nats.url, database.url('token'), clock);
  wire = await openWire({ url: nats.url, name: 'gateway' });
});
afterAll(async () => {
  await wire.close();
  await scene.close();
  await Promise.all([database.drop(), nats.stop()]);
});
/** What ends in a second ends with all of that second. */
beforeEach(() => clock.advance(2000));

const end = () => scene.bus.call(endRefreshFamilies, { organizationId }, call());
const refreshed = async (body: { refresh_token?: string }) =>
  (await refusalOf(scene.issue(refresh('johns', body)))).code;

/** So many families more, like that of a token that was just given; their ids, the newest first, as they lie in the table. */
async function makeFamilies(count: number): Promise<string[]> {
  await scene.signIn('johns');
  const ids = Array.from({ length: count }, () => newId(clock.now()));
  ids.sort().reverse();
  await asAdmin(database.adminUrl, async (admin) => {
    await admin.query(COPY, [ids, ids.map(dayOf)]);
    await admin.query('ANALYZE token.refresh_families');
  });
  return ids;
}
const COPY = `WITH one AS (SELECT * FROM token.refresh_families WHERE revoked_at IS NULL ORDER BY id DESC LIMIT 1)
  INSERT INTO token.refresh_families SELECT copy.* FROM one,
    unnest($1::uuid[], $2::date[]) WITH ORDINALITY AS new (id, day, n),
    jsonb_populate_record(NULL::token.refresh_families, to_jsonb(one) || jsonb_build_object('id', new.id, 'day', new.day))
      AS copy ORDER BY new.n`;

/** While an admin has locked a family, ends all until that one is waited for; `meanwhile`, and lets go. */
async function endWhileLocked(id: string | undefined, meanwhile: (admin: Client) => Promise<unknown>) {
  return asAdmin(database.adminUrl, async (admin) => {
    const lock = (of?: string) =>
      admin.query('SELECT FROM token.refresh_families WHERE id = $1 FOR UPDATE NOWAIT', [of]);
    await admin.query('BEGIN');
    await lock(id);
    const ended = end();
    const isWaiting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    while ((await admin.query(isWaiting)).rowCount === 0) await pause(5);
    try {
      await meanwhile(admin);
    } finally {
      await admin.query('COMMIT');
    }
    return ended;
  });
}
const rows = <Row extends object>(sql: string, params: unknown[]) =>
  asAdmin(database.adminUrl, async (admin) => (await admin.query<Row>(sql, params)).rows);

describe('JK-06 the end of all that an organization has granted', () => {
  it('is many short transactions, however many refresh tokens there are', async () => {
    const ids = await makeFamilies(2500);
    expect((await end()).ended).toBeGreaterThan(ids.length);
    const ended = `SELECT count(*)::int AS families, count(DISTINCT xmin::text)::int AS transactions
      FROM token.refresh_families WHERE id = ANY ($1) AND revoked_at IS NOT NULL`;
    const [row] = await rows<{ families: number; transactions: number }>(ended, [ids]);
    expect(row?.families).toBe(ids.length);
    expect(row?.transactions).toBeGreaterThan(2);
    expect(await end()).toEqual({ ended: 0 });
  });

  it('takes them in the order of their ids, as those who refresh do, so that neither waits for the other', async () => {
    const ids = await makeFamilies(900);
    const [newest, oldest] = [ids[0], ids.at(-1)];
    const { ended } = await endWhileLocked(oldest, (admin) =>
      admin.query('SELECT FROM token.refresh_families WHERE id = $1 FOR UPDATE NOWAIT', [newest]),
    );
    expect(ended).toBeGreaterThanOrEqual(ids.length);
  });

  it('takes those with it that come to be while it goes on', async () => {
    const before = newId(clock.now());
    const [newest] = await makeFamilies(10);
    // Behind where it waits.
    await endWhileLocked(newest, (admin) => admin.query(COPY, [[before], [dayOf(before)]]));
    const state = 'SELECT revoked_at IS NOT NULL AS revoked FROM token.refresh_families WHERE id = $1';
    expect(await rows(state, [before])).toEqual([{ revoked: true }]);
  });

  it('takes authorization codes and device codes with it that nobody has used yet', async () => {
    const pages = { client_id: 'johns-pages', response_type: 'code', redirect_uri: REDIRECT_URI };
    const challenge = { code_challenge: challengeOf(VERIFIER) ?? '', code_challenge_method: 'S256' };
    const john = { username: 'john', password: '019b0000-0000-7000-8000-000000000001-password' };
    const browser = (params: Form, session?: string): Browser => ({
      ...{ params, organizationId, ip: '127.0.0.1' },
      sessions: session === undefined ? {} : { johnsorg: session },
    });
    const asked = { ...pages, ...challenge };
    const { session } = await scene.bus.call(signIn, { ...browser(asked), ...john }, call());
    const given = await scene.bus.call(giveConsent, { ...browser(asked, session?.secret), allowed: true }, call());
    const code = given.redirect?.params['code'] ?? '';

    const params = { client_id: 'johns-device' };
    const { user_code, device_code } = await scene.bus.call(authorizeDevice, { params, ip: '127.0.0.1' }, call());
    const page = await scene.bus.call(signInForDevice, { ...browser({ user_code }), ...john }, call());
    const decision = { ...browser({ user_code }, page.session?.secret), allowed: true };
    expect((await scene.bus.call(decideDevice, decision, call())).step).toBe('allowed');

    await end();
    const form = { grant_type: 'authorization_code', code, code_verifier: VERIFIER, redirect_uri: REDIRECT_URI };
    expect((await refusalOf(scene.issue({ ...as('johns-pages'), ...form }))).code).toBe('invalid_grant');
    const polled = scene.issue({ client_id: 'johns-device', grant_type: DEVICE, device_code });
    expect((await refusalOf(polled)).code).toBe('access_denied');
  });

  it('leaves what is granted afterwards', async () => {
    const { body: before } = await scene.signIn('johns');
    await end();
    clock.advance(2000);
    const { body: after } = await scene.signIn('johns');
    expect([await refreshed(before), await refreshed(after)]).toEqual(['invalid_grant', 'answered']);
  });

  it('is known as the last there was to who starts later, also where there was one on another day', async () => {
    await end();
    // Of another day, and read after that of today.
    const older = `UPDATE token.revoked_tokens SET day = day + 1 WHERE kind = 'organization' AND jti = $1`;
    await rows(older, [organizationId]);
    clock.advance(60_000);
    const { body } = await scene.signIn('johns');
    await end();
    const late = new Revocations(new Bus(wire), { passwordChange: true, feeds: [tokenRevocations] });
    await late.start();
    expect(late.isRevoked(decodeJwt(body.access_token) as unknown as RevocableClaims, organizationId)).toBe(true);
    late.stop();
  });
});
