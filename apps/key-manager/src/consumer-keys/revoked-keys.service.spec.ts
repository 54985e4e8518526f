import { clientRevocations, deleteApplication, deleteKey, generateKey, updateKey } from '@keyward/contracts';
import { Revocations } from '@keyward/runtime';
import {
  aKey,
  anOrganization,
  authenticate,
  call,
  eventually,
  prepareInstances,
  type Instance,
  type Instances,
} from '../../test/instances';

let instances: Instances;
let one: Instance;
let revocations: Revocations;
const organizationId = anOrganization();

beforeAll(async () => {
  instances = await prepareInstances();
  one = await instances.start();
  revocations = new Revocations(one.bus, { passwordChange: true, feeds: [clientRevocations] });
  await revocations.start();
});
afterAll(async () => {
  revocations.stop();
  await instances.close();
});

/** A token that a key was given at once. */
async function tokenOf(clientId: string, clientSecret: string) {
  const { tokensFrom } = await authenticate(one.bus, clientId, clientSecret);
  const iat = Math.max(Math.floor(instances.clock.now() / 1000), tokensFrom);
  return { jti: 'random', sub: clientId, client_id: clientId, iat };
}
const isRevoked = (token: Awaited<ReturnType<typeof tokenOf>>) => revocations.isRevoked(token, organizationId);
const become = (token: Awaited<ReturnType<typeof tokenOf>>, revoked: boolean) =>
  eventually(() => Promise.resolve(isRevoked(token) === revoked));

describe('the tokens of a consumer key', () => {
  it('C-62 abuse 14: are refused everywhere while it is disabled', async () => {
    const { key, consumerSecret } = await aKey(one.bus, organizationId);
    const { consumerKey } = key;
    const token = await tokenOf(consumerKey, consumerSecret);
    expect(isRevoked(token)).toBe(false);
    await one.bus.call(updateKey, { organizationId, consumerKey, state: 'disabled' }, call());
    expect(await become(token, true)).toBe(true);
    await one.bus.call(updateKey, { organizationId, consumerKey, state: 'active' }, call());
    expect(await become(token, false)).toBe(true);
  });

  it('C-62 abuse 14: are dead when it is deleted, and are not revived by another of its name, not in the same second', async () => {
    const { key, consumerSecret } = await aKey(one.bus, organizationId);
    const { consumerKey, application } = key;
    const dead = await tokenOf(consumerKey, consumerSecret);
    await one.bus.call(deleteKey, { organizationId, consumerKey }, call());
    const again = { organizationId, application, kind: 'production', consumerKey, consumerSecret } as const;
    await one.bus.call(generateKey, again, call());
    const alive = await tokenOf(consumerKey, consumerSecret);
    expect(await become(dead, true)).toBe(true);
    expect(isRevoked(alive)).toBe(false);
    // Nor by disabling and enabling the other one.
    await one.bus.call(updateKey, { organizationId, consumerKey, state: 'disabled' }, call());
    expect(await become(alive, true)).toBe(true);
    await one.bus.call(updateKey, { organizationId, consumerKey, state: 'active' }, call());
    expect(await become(alive, false)).toBe(true);
    expect(isRevoked(dead)).toBe(true);
  });

  it('C-62 are dead when its application is deleted', async () => {
    const { key, consumerSecret } = await aKey(one.bus, organizationId);
    const token = await tokenOf(key.consumerKey, consumerSecret);
    await one.bus.call(deleteApplication, { organizationId, application: key.application }, call());
    expect(await become(token, true)).toBe(true);
  });
});
