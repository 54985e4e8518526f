import { randomUUID } from 'node:crypto';
import { createTestDatabase, TestClock, type TestDatabase } from '@keyward/testing';
import { TOKEN_SCHEMA } from '../data-source';
import { DpopNonces } from './dpop-nonces';

const clock = new TestClock();
const organizationId = randomUUID();

let database: TestDatabase;
let one: DpopNonces;
let other: DpopNonces;

beforeAll(async () => {
  database = await createTestDatabase([TOKEN_SCHEMA]);
  const instance = async () => new DpopNonces(await database.connect('token'), clock);
  [one, other] = [await instance(), await instance()];
});
afterAll(() => database.drop());

it('DP-01 the nonce of one instance is taken by every other, of the same organization', async () => {
  const nonce = await one.make(organizationId);
  expect(nonce).toMatch(/^[\w-]{32}$/);
  for (const instance of [one, other]) expect(await instance.judge(organizationId, nonce)).toBe('new');
  expect(await other.judge(randomUUID(), nonce)).toBe('refused');
});

it('DP-01 it is over after five minutes, and should be replaced after half of them', async () => {
  const nonce = await one.make(organizationId);
  clock.advance(149_000);
  expect(await one.judge(organizationId, nonce)).toBe('new');
  clock.advance(150_000);
  expect(await one.judge(organizationId, nonce)).toBe('old');
  clock.advance(2_000);
  expect(await one.judge(organizationId, nonce)).toBe('refused');
});

it('DP-01 one of a clock that is ahead is taken, of another day it is not', async () => {
  clock.advance(20_000);
  const nonce = await one.make(organizationId);
  clock.advance(-20_000);
  expect(await one.judge(organizationId, nonce)).toBe('new');
  clock.advance(-20_000);
  expect(await one.judge(organizationId, nonce)).toBe('refused');
  clock.advance(40_000);
});

it('DP-01 nobody makes one but the service', async () => {
  const nonce = await one.make(organizationId);
  const bytes = Buffer.from(nonce, 'base64url');
  const changed = [...bytes.keys()].map((at) => {
    const copy = Buffer.from(bytes);
    copy.writeUInt8(copy.readUInt8(at) ^ 1, at);
    return copy.toString('base64url');
  });
  for (const wrong of [...changed, '', 'x', `${nonce}A`, nonce.slice(1), '='.repeat(32), undefined])
    expect([wrong, await one.judge(organizationId, wrong)]).toEqual([wrong, 'refused']);
});
