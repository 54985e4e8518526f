import { randomBytes } from 'node:crypto';
import {
  CLI_CONSUMER_KEY,
  LOGIN_CONSUMER_KEY,
  deleteApplication,
  deleteKey,
  getJwks,
  listKeys,
  ROOT_ORGANIZATION,
  rotateSecret,
  updateKey,
} from '@keyward/contracts';
import { asAdmin, checkIsolation } from '@keyward/testing';
import { aKey, anOrganization, authenticate, call, codeOf, prepareInstances, type Instances } from '../test/instances';
import { KEY_MANAGER_EXCEPTIONS } from './data-source';

let instances: Instances;
beforeEach(async () => {
  instances = await prepareInstances();
});
afterEach(() => instances.close());

const root = { organizationId: ROOT_ORGANIZATION.id };
const secret = () => randomBytes(24).toString('hex');
const stored = ({ database }: Instances, sql: string) =>
  asAdmin(database.adminUrl, async (admin) =>
    (await admin.query<{ value: string }>(sql)).rows.map(({ value }) => value),
  );

describe('the database of the key manager', () => {
  it('MT-40 is isolated by organization', async () => {
    expect(await checkIsolation(instances.database.adminUrl, ['key_manager'], KEY_MANAGER_EXCEPTIONS)).toEqual([]);
  });

  it('abuse 50 shares no key with another installation', async () => {
    const others = await prepareInstances();
    const organizationId = anOrganization();
    try {
      for (const each of [instances, others]) {
        const { bus } = await each.start({ KEYWARD_CLI_SECRET: 'the same secret for both of them' });
        await bus.call(getJwks, { organizationId }, call());
      }
      for (const sql of [
        `SELECT encode(mac, 'hex') AS value FROM key_manager.consumer_secrets`,
        `SELECT kid AS value FROM key_manager.signing_keys`,
        `SELECT encode(ciphertext, 'hex') AS value FROM key_manager.sealed_secrets ORDER BY 1`,
      ]) {
        const [own, theirs] = [await stored(instances, sql), await stored(others, sql)];
        expect(own.length).toBeGreaterThan(0);
        expect(own.filter((value) => theirs.includes(value))).toEqual([]);
      }
    } finally {
      await others.close();
    }
  });

  it('C-31 is refused under another key-encryption key', async () => {
    await instances.start();
    const other = { KEY_ENCRYPTION_KEY: randomBytes(32).toString('base64') };
    await expect(instances.start(other)).rejects.toThrow(/key-encryption key/);
  });
});

describe('the operator’s client', () => {
  it('is made at the first start, by one of several instances', async () => {
    const cliSecret = secret();
    const start = () => instances.start({ KEYWARD_CLI_SECRET: cliSecret });
    const [{ bus }] = await Promise.all([start(), start(), start()]);
    expect(await authenticate(bus, CLI_CONSUMER_KEY, cliSecret)).toMatchObject({
      clientId: CLI_CONSUMER_KEY,
      organizationId: ROOT_ORGANIZATION.id,
      grantTypes: ['password', 'refresh_token'],
    });
    const { items } = await bus.call(listKeys, { ...root, limit: 10 }, call());
    expect(items.map(({ consumerKey, secrets }) => [consumerKey, secrets.length])).toEqual([
      [CLI_CONSUMER_KEY, 1],
      [LOGIN_CONSUMER_KEY, 0],
    ]);
  });

  it('has the secret that is configured', async () => {
    const [first, second] = [secret(), secret()];
    const before = await instances.start({ KEYWARD_CLI_SECRET: first });
    expect(await codeOf(authenticate(before.bus, CLI_CONSUMER_KEY, first))).toBeUndefined();
    const { bus } = await instances.start({ KEYWARD_CLI_SECRET: second });
    expect(await codeOf(authenticate(bus, CLI_CONSUMER_KEY, second))).toBeUndefined();
    expect(await codeOf(authenticate(bus, CLI_CONSUMER_KEY, first))).toBe('invalid_client');
  });

  it('has no other secret than that: a start would bring back one that was rotated away', async () => {
    const cliSecret = secret();
    const { bus } = await instances.start({ KEYWARD_CLI_SECRET: cliSecret });
    const rotation = bus.call(rotateSecret, { ...root, consumerKey: CLI_CONSUMER_KEY }, call());
    expect(await codeOf(rotation)).toBe('invalid_request');
    expect(await codeOf(authenticate(bus, CLI_CONSUMER_KEY, cliSecret))).toBeUndefined();
  });

  it('cannot be taken away', async () => {
    const { bus } = await instances.start();
    const name = { ...root, consumerKey: CLI_CONSUMER_KEY };
    const answers = [
      bus.call(deleteKey, name, call()),
      bus.call(updateKey, { ...name, state: 'disabled' as const }, call()),
      bus.call(updateKey, { ...name, grantTypes: ['refresh_token'] }, call()),
      bus.call(updateKey, { ...name, passwordGrantSunset: '2020-01-01T00:00:00Z' }, call()),
      bus.call(deleteApplication, { ...root, application: CLI_CONSUMER_KEY }, call()),
    ];
    expect(await Promise.all(answers.map(codeOf))).toEqual(Array(5).fill('invalid_request'));
  });

  it('is left alone when no secret is configured', async () => {
    const { bus } = await instances.start({ KEYWARD_CLI_SECRET: '' });
    const { items } = await bus.call(listKeys, { ...root, limit: 10 }, call());
    expect(items.map(({ consumerKey }) => consumerKey)).toEqual([LOGIN_CONSUMER_KEY]);
    expect(await codeOf(aKey(bus, root.organizationId))).toBeUndefined();
  });
});
