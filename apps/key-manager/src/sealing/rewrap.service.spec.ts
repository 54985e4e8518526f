import { randomBytes } from 'node:crypto';
import {
  describeKeyEncryption,
  Empty,
  getJwks,
  rewrap,
  rotateSigningKey,
  signJwt,
  type Rewrapped,
} from '@keyward/contracts';
import { asAdmin } from '@keyward/testing';
import { decodeProtectedHeader } from 'jose';
import {
  aKey,
  anOrganization,
  authenticate,
  call,
  prepareInstances,
  type Instance,
  type Instances,
} from '../../test/instances';

const [OLD, NEW] = [randomBytes(32), randomBytes(32)].map((key) => key.toString('base64')) as [string, string];
/** Before, while every instance learns of the new key, while it seals, and after. */
const STEPS = {
  before: { KEY_ENCRYPTION_KEY: OLD },
  announced: { KEY_ENCRYPTION_KEY: OLD, KEY_ENCRYPTION_OTHER_KEYS: NEW },
  both: { KEY_ENCRYPTION_KEY: NEW, KEY_ENCRYPTION_OTHER_KEYS: OLD },
  after: { KEY_ENCRYPTION_KEY: NEW },
};

let instances: Instances;
beforeEach(async () => (instances = await prepareInstances()));
afterEach(() => instances.close());

const sign = async ({ bus }: Instance, organizationId: string) => {
  const exp = Math.floor(instances.clock.now() / 1000) + 3600;
  const claims = { iss: 'https://keyward.example/t/a', sub: 'a', exp };
  const { jwt } = await bus.call(signJwt, { organizationId, type: 'at+jwt', claims }, call());
  return decodeProtectedHeader(jwt).kid;
};
const organizationsWithKeys = async (instance: Instance, many: number) => {
  const kids = new Map<string, string | undefined>();
  // Few at once: a first key is made in each, and a machine with much else to do would make the last ones wait too long.
  while (kids.size < many) {
    const some = Array.from({ length: Math.min(10, many - kids.size) }, anOrganization);
    await Promise.all(some.map(async (one) => kids.set(one, await sign(instance, one))));
  }
  return kids;
};
const use = async ({ bus }: Instance) => (await bus.call(describeKeyEncryption, new Empty(), call())).keys;

/** Every step of it, one after another. */
async function rewrapAll({ bus }: Instance): Promise<Rewrapped[]> {
  const steps: Rewrapped[] = [];
  do steps.push(await bus.call(rewrap, { after: steps.at(-1)?.next }, call()));
  while (steps.at(-1)?.next !== undefined);
  return steps;
}

describe('C-31 a new key-encryption key', () => {
  it('seals what is made from then on, and everything after a rewrap; then the old one can be taken away', async () => {
    const first = await instances.start(STEPS.before);
    const kids = await organizationsWithKeys(first, 60);
    const client = await aKey(first.bus, anOrganization());
    const [old] = await use(first);
    expect(old).toMatchObject({ newest: true, configured: true, sealed: 63 });
    await first.close();

    const [second, third] = [await instances.start(STEPS.both), await instances.start(STEPS.announced)];
    await sign(second, anOrganization());
    expect(await use(second)).toEqual(
      expect.arrayContaining([
        { id: old?.id, newest: false, configured: true, sealed: 63 },
        { id: expect.any(String), newest: true, configured: true, sealed: 1 },
      ]),
    );
    const steps = await rewrapAll(second);
    expect(steps.map(({ rewrapped }) => rewrapped)).toEqual([53, 10]);
    expect(steps.map(({ remaining }) => remaining)).toEqual([10, 0]);
    expect((await use(second)).map(({ newest, sealed }) => [newest, sealed])).toEqual([[true, 64]]);
    // An instance that does not seal under it yet opens what is.
    for (const [organizationId, kid] of kids) expect(await sign(third, organizationId)).toBe(kid);
    await Promise.all([second.close(), third.close()]);

    const last = await instances.start(STEPS.after);
    for (const [organizationId, kid] of kids) expect(await sign(last, organizationId)).toBe(kid);
    const { consumerKey } = client.key;
    expect(await authenticate(last.bus, consumerKey, client.consumerSecret)).toMatchObject({ clientId: consumerKey });
  });

  it('by two instances at once, with rotations and signatures meanwhile, loses nothing and fails nothing', async () => {
    const before = await instances.start(STEPS.before);
    const kids = await organizationsWithKeys(before, 60);
    await before.close();
    const [one, other] = [await instances.start(STEPS.both), await instances.start(STEPS.both)];
    let done = false;
    const signing = (async () => {
      while (!done) for (const id of kids.keys()) await Promise.all([sign(one, id), sign(other, id)]);
    })();
    const rotating = (async () => {
      for (const organizationId of kids.keys()) await one.bus.call(rotateSigningKey, { organizationId }, call());
    })();
    await Promise.all([rewrapAll(one), rewrapAll(other), rotating]);
    done = true;
    await signing;
    expect((await rewrapAll(one)).at(-1)).toMatchObject({ remaining: 0, failed: 0 });
    await Promise.all([one.close(), other.close()]);
    const after = await instances.start(STEPS.after);
    for (const [id, kid] of kids) {
      expect(await sign(after, id)).toBe(kid);
      expect((await after.bus.call(getJwks, { organizationId: id }, call())).keys).toHaveLength(2);
    }
  });

  it('goes on behind a key that does not open, and says how many are left', async () => {
    const before = await instances.start(STEPS.before);
    const kids = await organizationsWithKeys(before, 55);
    await before.close();
    const [broken] = [...kids.keys()].sort();
    await asAdmin(instances.database.adminUrl, (admin) =>
      admin.query(`UPDATE key_manager.signing_keys SET wrapped_key = '\\x00' WHERE organization_id = $1`, [broken]),
    );
    const both = await instances.start(STEPS.both);
    const steps = await rewrapAll(both);
    expect(steps.map(({ failed }) => failed)).toEqual([1, 0]);
    expect(steps.at(-1)?.remaining).toBe(1);
  });

  it('without the old one nothing starts, and the missing one is named with what needs it', async () => {
    const before = await instances.start(STEPS.before);
    await organizationsWithKeys(before, 3);
    const [old] = await use(before);
    await before.close();
    await expect(instances.start(STEPS.after)).rejects.toThrow(
      `A key-encryption key is missing: ${old?.id} (6 sealed under it)`,
    );
  });
});
