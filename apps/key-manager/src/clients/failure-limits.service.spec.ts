import { authenticateClient } from '@keyward/contracts';
import { asAdmin } from '@keyward/testing';
import {
  aKey,
  anAddress,
  anOrganization,
  authenticate,
  call,
  codeOf,
  errorOf,
  prepareInstances,
  type Instance,
  type Instances,
} from '../../test/instances';

let instances: Instances;
let one: Instance;
let other: Instance;
const organizationId = anOrganization();

beforeAll(async () => {
  instances = await prepareInstances();
  [one, other] = [await instances.start(), await instances.start()];
});
afterAll(() => instances.close());
// The windows of one test are over in the next.
beforeEach(() => instances.clock.advance(600_000));

const counted = (): Promise<number> =>
  asAdmin(instances.database.adminUrl, async (admin) => {
    const { rows } = await admin.query<{ failures: number }>(
      `SELECT failures FROM key_manager.failure_buckets WHERE kind = 'client' ORDER BY window_ends DESC LIMIT 1`,
    );
    return rows[0]?.failures ?? 0;
  });
const fail = (instance: Instance, clientId: string, ip: string) =>
  codeOf(authenticate(instance.bus, clientId, 'wrong', { ip }));
const times = async <T>(count: number, attempt: (i: number) => Promise<T>): Promise<T[]> => {
  const answers: T[] = [];
  for (let i = 0; i < count; i++) answers.push(await attempt(i));
  return answers;
};
const countOf = (codes: (string | undefined)[], code: string) => codes.filter((other) => other === code).length;

describe('limits of wrong secrets', () => {
  it('BF-20 CA-11 refuse a client and address after ten failures in a minute, also with the right secret', async () => {
    const { key, consumerSecret } = await aKey(one.bus, organizationId);
    const ip = anAddress();
    expect(await times(10, () => fail(one, key.consumerKey, ip))).toEqual(Array(10).fill('invalid_client'));
    expect(await fail(one, key.consumerKey, ip)).toBe('too_many_requests');
    expect(await codeOf(authenticate(one.bus, key.consumerKey, consumerSecret, { ip }))).toBe('too_many_requests');
  });

  it('BF-05 say when to come again, and it is true', async () => {
    const { key, consumerSecret } = await aKey(one.bus, organizationId);
    const ip = anAddress();
    await times(10, () => fail(one, key.consumerKey, ip));
    instances.clock.advance(20_000);
    const refusal = await errorOf(authenticate(one.bus, key.consumerKey, consumerSecret, { ip }));
    expect(refusal).toMatchObject({ code: 'too_many_requests', retryAfter: 40 });
    instances.clock.advance(40_000);
    expect(await codeOf(authenticate(one.bus, key.consumerKey, consumerSecret, { ip }))).toBeUndefined();
  });

  it('BF-20 never lock a client: from elsewhere its secret is taken', async () => {
    const { key, consumerSecret } = await aKey(one.bus, organizationId);
    const ip = anAddress();
    await times(30, () => fail(one, key.consumerKey, ip));
    expect(await codeOf(authenticate(one.bus, key.consumerKey, consumerSecret))).toBeUndefined();
  });

  it('BF-20 count a client by its name however it is written', async () => {
    const { key, consumerSecret } = await aKey(one.bus, organizationId);
    const clientId = key.consumerKey;
    const ip = anAddress();
    for (let i = 0; i < 10; i++) {
      const raw = clientId.replace(/./g, (c, at) => (at === i ? `%${c.charCodeAt(0).toString(16)}` : c));
      const credentials = [clientId, raw].map((name) => ({ clientId: name, clientSecret: 'wrong' }));
      await codeOf(one.bus.call(authenticateClient, { credentials, ip }, call()));
    }
    expect(await codeOf(authenticate(one.bus, clientId, consumerSecret, { ip }))).toBe('too_many_requests');
  });

  it('BF-20 refuse an address after thirty failures, yet let another client behind it in', async () => {
    const { key, consumerSecret } = await aKey(one.bus, organizationId);
    const ip = anAddress();
    expect(await times(30, (i) => fail(one, `nobody${i}`, ip))).toEqual(Array(30).fill('invalid_client'));
    expect(await errorOf(authenticate(one.bus, 'nobody30', 'wrong', { ip }))).toMatchObject({
      code: 'too_many_requests',
      retryAfter: 300,
    });
    expect(await codeOf(authenticate(one.bus, key.consumerKey, consumerSecret, { ip }))).toBeUndefined();
    expect(await fail(one, key.consumerKey, ip)).toBe('too_many_requests');
    // What is guessed from there is still counted for the client.
    await times(9, () => fail(one, key.consumerKey, ip));
    expect(await codeOf(authenticate(one.bus, key.consumerKey, consumerSecret, { ip }))).toBe('too_many_requests');
  });

  it('BF-20 an IPv6 subscriber is one address', async () => {
    const { key } = await aKey(one.bus, organizationId);
    expect(await times(10, (i) => fail(one, key.consumerKey, `2001:db8::${i + 1}`))).toEqual(
      Array(10).fill('invalid_client'),
    );
    expect(await fail(one, key.consumerKey, '2001:db8::ffff')).toBe('too_many_requests');
  });

  it('BF-25 count every one of parallel failures at two instances', async () => {
    const { key } = await aKey(one.bus, organizationId);
    const ip = anAddress();
    const codes = await Promise.all(
      [one, other, one, other, one, other, one, other].map((at) => fail(at, key.consumerKey, ip)),
    );
    expect(codes).toEqual(Array(8).fill('invalid_client'));
    expect(await counted()).toBe(8);
  });

  it('BF-25 let no more than the limit of parallel failures at two instances be told', async () => {
    const { key, consumerSecret } = await aKey(one.bus, organizationId);
    const ip = anAddress();
    const attempts = Array.from({ length: 100 }, (_, i) => fail(i % 2 ? one : other, key.consumerKey, ip));
    const codes = await Promise.all(attempts);
    expect(countOf(codes, 'invalid_client')).toBe(10);
    expect(countOf(codes, 'too_many_requests')).toBe(90);
    for (const { bus } of [one, other])
      expect(await codeOf(authenticate(bus, key.consumerKey, consumerSecret, { ip }))).toBe('too_many_requests');
  });

  it('BF-20 what one instance counted, another learns at its first failure', async () => {
    const { key, consumerSecret } = await aKey(one.bus, organizationId);
    const ip = anAddress();
    await times(10, () => fail(one, key.consumerKey, ip));
    expect(await fail(other, key.consumerKey, ip)).toBe('too_many_requests');
    expect(await codeOf(authenticate(other.bus, key.consumerKey, consumerSecret, { ip }))).toBe('too_many_requests');
  });

  it('abuse 48 made-up names behind one address do not grow the table', async () => {
    const rows = () =>
      asAdmin(instances.database.adminUrl, async (admin) => {
        const { rows } = await admin.query<{ count: string }>(`SELECT count(*) FROM key_manager.failure_buckets`);
        return Number(rows[0]?.count);
      });
    const ip = anAddress();
    const before = await rows();
    await Promise.all(Array.from({ length: 500 }, (_, i) => fail(one, `made-up-${i}`, ip)));
    await times(50, (i) => fail(one, `more-made-up-${i}`, ip));
    expect((await rows()) - before).toBeLessThanOrEqual(501);
    const after = await rows();
    await times(50, (i) => fail(one, `still-more-${i}`, ip));
    expect(await rows()).toBe(after);
  });
});
