import { deployment, type Answer } from '@keyward/testing';
import { setTimeout as pause } from 'node:timers/promises';
import { appearanceOf, expectError } from './support/answers';
import { makeKey, makeOrganization, makeUser, manage, unique, type TestKey, type TestUser } from './support/operator';

const keyward = deployment();
const WRONG = 'not the password of anyone';
const CLIENT = { grant_type: 'client_credentials' };

let org: string;
let key: TestKey;

beforeAll(async () => {
  org = await makeOrganization();
  key = await makeKey(org);
});

const mistype = ({ loginName }: TestUser, by = key) => by.signIn({ loginName, password: WRONG });
const times = <T>(n: number, make: (i: number) => Promise<T>) =>
  Promise.all(Array.from({ length: n }, (_, i) => make(i)));
const shown = (user: TestUser) => manage('GET', `/${org}/users/${user.username}`);

/** Until the account opens by itself. */
async function opened(user: TestUser): Promise<void> {
  const { lockedUntil } = await shown(user);
  if (lockedUntil !== null) await pause(Date.parse(lockedUntil) - Date.now() + 100);
}

/** Closes an account for eight seconds; between when that was, Unix milliseconds. */
async function lock(user: TestUser): Promise<[from: number, to: number]> {
  for (let i = 0; i < 5; i++) await mistype(user);
  let from = 0;
  for (let i = 0; i < 3; i++) {
    await opened(user);
    from = Date.now();
    await mistype(user);
  }
  return [from, Date.now()];
}

describe('wrong passwords of one account', () => {
  it('BF-01 the fifth in a row closes it for a moment, and then it is open again', async () => {
    const user = await makeUser(org);
    let closed: Answer;
    do {
      for (let i = 0; i < 5; i++) expectError(await mistype(user), 'invalid_grant');
      closed = await key.signIn(user);
    } while (closed.status === 200); // It came after that moment, and began a new row.
    expectError(closed, 'invalid_grant');
    await opened(user);
    expect((await key.signIn(user)).status).toBe(200);
  });

  it('BF-01 a success begins a new row', async () => {
    const user = await makeUser(org);
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 4; i++) await mistype(user);
      expect((await key.signIn(user)).status).toBe(200);
    }
  });

  it('BF-01 BF-02 BF-04 a closed account answers the same to every password, refreshes, and is unlocked by command', async () => {
    const [user, other] = await Promise.all([makeUser(org), makeUser(org)]);
    const { refresh_token } = (await key.signIn(user)).body;
    const wrong = appearanceOf(await mistype(other));
    const [from, to] = await lock(user);
    const { lockedUntil } = await shown(user);
    // Each failure doubles the time: this was the fourth.
    expect(Date.parse(lockedUntil) - from).toBeGreaterThan(7000);
    expect(Date.parse(lockedUntil) - to).toBeLessThanOrEqual(8000);
    expect(appearanceOf(await mistype(user))).toEqual(wrong);
    expect(appearanceOf(await key.signIn(user))).toEqual(wrong);
    expect((await key.token({ grant_type: 'refresh_token', refresh_token })).status).toBe(200);
    expect((await key.signIn(other)).status).toBe(200);

    expect(await keyward.cli(['users', 'unlock', user.username, '--org', org])).toMatchObject({ code: 0, stderr: '' });
    expect((await shown(user)).lockedUntil).toBeNull();
    expect((await key.signIn(user)).status).toBe(200);
  });

  it('BF-25 forty at once count as forty one after the other', async () => {
    const user = await makeUser(org);
    const answers = await times(40, () => mistype(user));
    for (const { status, body } of answers) {
      // What is more than may wait is told to come again, and nothing is found out by it.
      expect([400, 503]).toContain(status);
      expect(body.error).toBe(status === 400 ? 'invalid_grant' : 'temporarily_unavailable');
    }
    // Five were verified, so the next one closes it for two seconds; had all forty been, it would be for minutes.
    let lockedUntil: string | null = null;
    while (lockedUntil === null) {
      await opened(user);
      expectError(await mistype(user), 'invalid_grant');
      ({ lockedUntil } = await shown(user)); // Open again already: the next one closes it for twice as long.
    }
    expect(Date.parse(lockedUntil)).toBeLessThan(Date.now() + 60_000);
  });
});

describe('wrong passwords of one client', () => {
  it('BF-03 thirty typos of a back end’s users do not lock the rest out', async () => {
    const [backEnd, user] = await Promise.all([makeKey(org), makeUser(org)]);
    for (let i = 0; i < 3; i++)
      await times(10, (n) => mistype({ ...user, loginName: `${unique('typo')}${n}@${org}` }, backEnd));
    expect((await backEnd.signIn(user)).status).toBe(200);
    expect((await key.signIn(user)).status).toBe(200);
  });

  it('BF-07 a password of a megabyte is 413, one of more than a kilobyte is refused before anything is done with it', async () => {
    const user = await makeUser(org);
    const send = (bytes: number) => key.signIn({ ...user, password: 'x'.repeat(bytes) });
    expectError(await send(1024 * 1024), 'invalid_request', 413);
    // Not one of these is a wrong password: the account stays open.
    for (let i = 0; i < 6; i++) expectError(await send(1025), 'invalid_request');
    expectError(await key.signIn({ ...user, password: 'é'.repeat(513) }), 'invalid_request');
    expect((await key.signIn(user)).status).toBe(200);
    expectError(await send(1024), 'invalid_grant');
  });
});

describe('wrong secrets', () => {
  const guess = (of: TestKey, headers: Record<string, string> = {}) =>
    keyward.send('/token', { form: CLIENT, basic: [of.consumerKey, 'wrong'], headers });

  function expectToWait(answer: Answer): void {
    expectError(answer, 'temporarily_unavailable', 429);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    // BF-20: never locked for longer than the minute that is counted.
    expect(Number(answer.headers['retry-after'])).toBeLessThanOrEqual(60);
  }

  it('BF-20 BF-05 after ten in a minute the client is told to wait, and no other', async () => {
    const [guessed, other] = await Promise.all([makeKey(org), makeKey(org)]);
    expect((await guessed.token(CLIENT)).status).toBe(200);
    for (let i = 0; i < 10; i++) expectError(await guess(guessed), 'invalid_client');
    expectToWait(await guess(guessed));
    expectToWait(await guessed.token(CLIENT));
    expect((await other.token(CLIENT)).status).toBe(200);
    expectError(await guess(other), 'invalid_client');
  });

  it('BF-20 an unknown client is told the same', async () => {
    const name = unique('nobody');
    const unknown = { consumerKey: name } as TestKey;
    for (let i = 0; i < 10; i++) expectError(await guess(unknown), 'invalid_client');
    expectToWait(await guess(unknown));
  });

  it('BF-20 CA-02 a header that can be read in two ways is one attempt', async () => {
    const guessed = await makeKey(org);
    const authorization = `Basic ${Buffer.from(`${guessed.consumerKey}:%41+b`).toString('base64')}`;
    const send = () => keyward.send('/token', { form: CLIENT, headers: { authorization } });
    for (let i = 0; i < 10; i++) expectError(await send(), 'invalid_client');
    expectToWait(await send());
  });

  it('BF-24 X-08 a forged X-Forwarded-For makes no new address', async () => {
    const guessed = await makeKey(org);
    const forged = (i: number) => ({
      'x-forwarded-for': `203.0.113.${i}`,
      forwarded: `for=203.0.113.${i}`,
      'x-real-ip': `203.0.113.${i}`,
    });
    for (let i = 0; i < 10; i++) expectError(await guess(guessed, forged(i)), 'invalid_client');
    expectToWait(await guess(guessed, forged(100)));
  });

  it('BF-25 of thirty at once no more than ten are told', async () => {
    const guessed = await makeKey(org);
    const answers = await times(30, () => guess(guessed));
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(10);
    for (const answer of answers.filter(({ status }) => status !== 401)) expectToWait(answer);
  });
});
