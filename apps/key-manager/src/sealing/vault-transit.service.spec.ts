import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describeKeyEncryption, Empty, getJwks, rewrap, rotateSigningKey, signJwt } from '@keyward/contracts';
import { loadConfig, SealingSettings } from '@keyward/runtime';
import { asAdmin } from '@keyward/testing';
import { decodeProtectedHeader } from 'jose';
import {
  aKey,
  anOrganization,
  authenticate,
  call,
  codeOf,
  eventually,
  prepareInstances,
  type Instance,
  type Instances,
} from '../../test/instances';
import { VaultServer } from '../../test/vault';
import { configuredSealing } from './configured-sealing';

const KEY = randomBytes(32).toString('base64');
let vault: VaultServer;
let instances: Instances;
beforeEach(async () => {
  [vault, instances] = await Promise.all([new VaultServer().start(), prepareInstances()]);
});
afterEach(async () => {
  await instances.close();
  await vault.close();
});

const transit = () => ({ VAULT_ADDR: vault.url, VAULT_CACERT: vault.caFile, VAULT_TRANSIT_KEY: vault.key });
const withToken = () => ({ ...transit(), VAULT_TOKEN: vault.rootToken });
const inVault = () => ({ KEY_ENCRYPTION_PROVIDER: 'vault', KEY_ENCRYPTION_KEY: '', ...withToken() });

const sign = async ({ bus }: Instance, organizationId: string) => {
  const exp = Math.floor(instances.clock.now() / 1000) + 3600;
  const claims = { iss: 'https://keyward.example/t/a', sub: 'a', exp };
  const { jwt } = await bus.call(signJwt, { organizationId, type: 'at+jwt', claims }, call());
  return decodeProtectedHeader(jwt).kid;
};
const use = async ({ bus }: Instance) => (await bus.call(describeKeyEncryption, new Empty(), call())).keys;
const stored = () =>
  asAdmin(instances.database.adminUrl, async (admin) => {
    const sql = 'SELECT kek_id, wrapped_key, ciphertext FROM key_manager.signing_keys';
    return (await admin.query<{ kek_id: string; wrapped_key: Buffer; ciphertext: Buffer }>(sql)).rows;
  });

describe('C-31 C-32 a key-encryption key in Vault', () => {
  it('seals what the key manager keeps, for every instance and every start', async () => {
    const organizationId = anOrganization();
    const one = await instances.start(inVault());
    const kid = await sign(one, organizationId);
    const client = await aKey(one.bus, organizationId);
    const [row] = await stored();
    expect([row?.kek_id, row?.wrapped_key.toString()]).toEqual([
      'vault:transit/keyward:v1',
      expect.stringMatching(/^vault:v1:/),
    ]);
    const other = await instances.start(inVault());
    expect(await sign(other, organizationId)).toBe(kid);
    const { consumerKey } = client.key;
    expect(await authenticate(other.bus, consumerKey, client.consumerSecret)).toMatchObject({ clientId: consumerKey });
  });

  it('opens nothing of another organization', async () => {
    const [mine, theirs] = [anOrganization(), anOrganization()];
    const one = await instances.start(inVault());
    for (const organizationId of [mine, theirs]) await one.bus.call(getJwks, { organizationId }, call());
    await asAdmin(instances.database.adminUrl, (admin) =>
      admin.query(
        `UPDATE key_manager.signing_keys AS mine SET wrapped_key = theirs.wrapped_key, ciphertext = theirs.ciphertext
           FROM key_manager.signing_keys AS theirs WHERE mine.organization_id = $1 AND theirs.organization_id = $2`,
        [mine, theirs],
      ),
    );
    const other = await instances.start(inVault());
    expect([await codeOf(sign(other, mine)), await codeOf(sign(other, theirs))]).toEqual(['server_error', undefined]);
  });

  it('is asked once for each key: signing again asks nobody', async () => {
    const one = await instances.start(inVault());
    const organizationId = anOrganization();
    await sign(one, organizationId);
    const before = vault.asked.length;
    await Promise.all(Array.from({ length: 20 }, () => sign(one, organizationId)));
    expect(vault.asked).toHaveLength(before);
  });

  it('comes after one that was configured, and goes again: a rewrap each', async () => {
    const organizationId = anOrganization();
    const first = await instances.start({ KEY_ENCRYPTION_KEY: KEY });
    const kid = await sign(first, organizationId);
    await first.close();
    const there = await instances.start({ ...inVault(), KEY_ENCRYPTION_KEY: KEY });
    expect(await there.bus.call(rewrap, {}, call())).toMatchObject({ rewrapped: 4, remaining: 0 });
    await there.close();
    const alone = await instances.start(inVault());
    expect(await sign(alone, organizationId)).toBe(kid);
    await alone.close();
    const back = await instances.start({ KEY_ENCRYPTION_KEY: KEY, ...withToken() });
    expect(await back.bus.call(rewrap, {}, call())).toMatchObject({ rewrapped: 4, remaining: 0 });
    await back.close();
    expect(await sign(await instances.start({ KEY_ENCRYPTION_KEY: KEY }), organizationId)).toBe(kid);
  });

  it('is rotated in Vault: older versions open, and a rewrap seals everything under the newest', async () => {
    const organizationId = anOrganization();
    const one = await instances.start(inVault());
    const kid = await sign(one, organizationId);
    vault.rotate();
    expect((await use(one)).map(({ id, newest, sealed }) => [id, newest, sealed])).toEqual([
      ['vault:transit/keyward:v1', false, 4],
      ['vault:transit/keyward:v2', true, 0],
    ]);
    expect(await one.bus.call(rewrap, {}, call())).toMatchObject({ rewrapped: 4, remaining: 0 });
    expect((await use(one)).map(({ id }) => id)).toEqual(['vault:transit/keyward:v2']);
    expect(await sign(await instances.start(inVault()), organizationId)).toBe(kid);
  });
});

describe('while Vault is away', () => {
  it.each([
    ['stopped', (): unknown => vault.stop(), (): unknown => vault.start()],
    ['sealed', (): unknown => (vault.sealed = true), (): unknown => (vault.sealed = false)],
    ['behind', (): unknown => (vault.status = 412), (): unknown => (vault.status = undefined)],
  ])('%s: what is open in memory signs on, a new organization waits', async (_how, away, back) => {
    const [known, next] = [anOrganization(), anOrganization()];
    const one = await instances.start(inVault());
    const kid = await sign(one, known);
    await away();
    expect(await sign(one, known)).toBe(kid);
    expect(await codeOf(sign(one, next))).toBe('temporarily_unavailable');
    expect(await codeOf(one.bus.call(rotateSigningKey, { organizationId: known }, call()))).toBe(
      'temporarily_unavailable',
    );
    expect(await codeOf(one.bus.call(rewrap, {}, call()))).toBe('temporarily_unavailable');
    expect(await sign(one, known)).toBe(kid);
    await back();
    expect(await eventually(async () => (await codeOf(sign(one, next))) === undefined)).toBe(true);
  });

  it('is asked in its namespace, and as an agent in between wants it', async () => {
    await sign(await instances.start({ ...inVault(), VAULT_NAMESPACE: 'team/keyward' }), anOrganization());
    expect(vault.headers).toMatchObject({ 'x-vault-namespace': 'team/keyward', 'x-vault-request': 'true' });
  });

  it('what signs is not opened again after a change of the organization’s keys', async () => {
    const organizationId = anOrganization();
    const [one, other] = [await instances.start(inVault()), await instances.start(inVault())];
    const kid = await sign(one, organizationId);
    expect(await sign(other, organizationId)).toBe(kid);
    await one.bus.call(rotateSigningKey, { organizationId }, call());
    await vault.stop();
    for (const instance of [one, other]) expect(await sign(instance, organizationId)).toBe(kid);
  });

  it('a start waits for it', async () => {
    await vault.stop();
    let isStarted = false;
    const starting = instances.start(inVault()).then((instance) => ((isStarted = true), instance));
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(isStarted).toBe(false);
    await vault.start();
    expect(await sign(await starting, anOrganization())).toEqual(expect.any(String));
  });
});

describe('signing in to Vault', () => {
  const byRole = () => ({
    ...{ KEY_ENCRYPTION_PROVIDER: 'vault', ...transit() },
    ...{ VAULT_ROLE_ID: vault.appRole.role_id, VAULT_SECRET_ID: vault.appRole.secret_id },
  });
  const signIns = () => vault.asked.filter((path) => path.startsWith('auth/')).length;

  it('by AppRole, once for as long as the token lives, and again when it is not taken any more', async () => {
    const one = await instances.start(byRole());
    await sign(one, anOrganization());
    expect(signIns()).toBe(1);
    vault.revokeTokens();
    await sign(one, anOrganization());
    expect(signIns()).toBe(2);
  });

  it('again before the lease ends', async () => {
    vault.leaseSeconds = 1;
    const one = await instances.start(byRole());
    const before = signIns();
    await new Promise((resolve) => setTimeout(resolve, 900));
    await sign(one, anOrganization());
    expect(signIns()).toBeGreaterThan(before);
  });

  it('as a service account of Kubernetes', async () => {
    const tokenFile = join(dirname(vault.caFile), 'token');
    await writeFile(tokenFile, `${vault.serviceAccount.jwt}\n`);
    const env = { KEY_ENCRYPTION_PROVIDER: 'vault', ...transit(), VAULT_KUBERNETES_ROLE: vault.serviceAccount.role };
    const one = await instances.start({ ...env, VAULT_KUBERNETES_TOKEN_FILE: tokenFile });
    await sign(one, anOrganization());
    expect(vault.asked[0]).toBe('auth/kubernetes/login');
  });

  it('believes no certificate of an unknown authority', async () => {
    const stranger = await new VaultServer().start();
    const env = { ...inVault(), VAULT_CACERT: stranger.caFile };
    // Without a start, which asks again for as long as it could be an outage.
    const { sealing, close } = configuredSealing(loadConfig({ sealing: SealingSettings }, { env }).sealing);
    try {
      expect(await codeOf(sealing.seal(randomBytes(32), 'anything'))).toBe('temporarily_unavailable');
      expect(vault.asked).toEqual([]);
    } finally {
      await close();
      await stranger.close();
    }
  });
});
