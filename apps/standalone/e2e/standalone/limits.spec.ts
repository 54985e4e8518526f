import { CHEAP_HASHES, startStandalone, type Answer, type Deployment, type Standalone } from '@keyward/testing';
import { expectError } from '../support/answers';
import { remoteKeyManager } from './remote-key-manager.tests';

const CLIENT = { grant_type: 'client_credentials' };

let keyward: Standalone;
let deployment: Deployment;

beforeAll(async () => {
  // As it is behind a reverse proxy on the same machine, which the specs play.
  keyward = await startStandalone({
    ...CHEAP_HASHES,
    TRUSTED_PROXIES: '127.0.0.1,::1',
    CLIENT_PASSWORD_FAILURES: '20',
  });
  deployment = keyward.deployment;
});
afterAll(() => keyward.stop());

let names = 0;
/** A failure of a client of a name of its own, from an address. */
const fail = (address: string, name = `nobody-${names++}`) =>
  deployment.send('/token', { form: CLIENT, basic: [name, 'wrong'], headers: { 'x-forwarded-for': address } });
/** A client that proves itself, from an address. */
const succeed = (address: string) =>
  deployment.send('/token', { form: CLIENT, basic: deployment.basic, headers: { 'x-forwarded-for': address } });

function expectToWait(answer: Answer, seconds: number): void {
  expectError(answer, 'temporarily_unavailable', 429);
  expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1);
  expect(Number(answer.headers['retry-after'])).toBeLessThanOrEqual(seconds);
}

it('BF-20 after thirty failures an address is told to wait, but a client behind it that proves itself is served', async () => {
  for (let i = 0; i < 30; i++) expectError(await fail('203.0.113.1'), 'invalid_client');
  expectToWait(await fail('203.0.113.1'), 300);
  expect((await succeed('203.0.113.1')).status).toBe(200);
  expectError(await fail('203.0.113.2'), 'invalid_client');
});

it('BF-20 an IPv6 subscriber is one address', async () => {
  for (let i = 0; i < 30; i++) expectError(await fail(`2001:db8:1:2::${i.toString(16)}`), 'invalid_client');
  expectToWait(await fail('2001:db8:1:2:ffff::1'), 300);
  expectError(await fail('2001:db8:1:3::1'), 'invalid_client');
});

it('BF-24 a trusted proxy says who the client is, and what the client itself wrote before that is not believed', async () => {
  for (let i = 0; i < 10; i++) expectError(await fail(`192.0.2.${i}, 203.0.113.3`, 'guessed'), 'invalid_client');
  expectToWait(await fail('192.0.2.99, 203.0.113.3', 'guessed'), 60);
  expectError(await fail('203.0.113.4', 'guessed'), 'invalid_client');
});

it('BF-24 what is not an address there is counted for the proxy', async () => {
  for (let i = 0; i < 10; i++) expectError(await fail(`unknown-${i}`, 'hidden'), 'invalid_client');
  expectToWait(await fail('unknown', 'hidden'), 60);
});

it('BF-03 BF-05 a client of too many wrong passwords is told to wait, whomever it names, and no other client', async () => {
  const { organization, username, password } = deployment.demo;
  await deployment.cliJson('applications', 'create', 'other', '--org', organization);
  const { key, consumerSecret } = await deployment.cliJson('keys', 'generate', 'other', '--org', organization);
  const send = (form: Record<string, string>) =>
    deployment.send('/token', { form, basic: [key.consumerKey, consumerSecret] });
  const tried = { grant_type: 'password', password: 'not the password of anyone' };
  const right = { grant_type: 'password', username, password };
  // Right ones do not count.
  for (let i = 0; i < 5; i++) expect((await send(right)).status).toBe(200);
  for (let i = 0; i < 20; i++)
    expectError(await send({ ...tried, username: `typo${i}@${organization}` }), 'invalid_grant');
  expectToWait(await send({ ...tried, username: `typo@${organization}` }), 300);
  expectToWait(await send(right), 300);
  expect((await send(CLIENT)).status).toBe(200);
  expect((await deployment.passwordToken()).status).toBe(200);
});

remoteKeyManager(() => keyward);
