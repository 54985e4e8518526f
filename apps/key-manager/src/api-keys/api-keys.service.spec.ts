import { createHash, randomUUID } from 'node:crypto';
import {
  apiKeys,
  createApplication,
  deleteApiKey,
  deleteApplication,
  findApiKey,
  generateApiKey,
  listApiKeys,
  updateApiKey,
  type GenerateApiKey,
} from '@keyward/contracts';
import { anOrganization, call, prepareInstances, type Instances } from '../../test/instances';

let instances: Instances;
beforeAll(async () => {
  instances = await prepareInstances();
  await instances.start();
});
afterAll(() => instances.close());

async function anApplication(organizationId: string): Promise<string> {
  return (await instances.bus.call(createApplication, { organizationId, name: randomUUID().slice(1) }, call())).id;
}
const generate = (organizationId: string, application: string, more: Partial<GenerateApiKey> = {}) =>
  instances.bus.call(generateApiKey, { organizationId, application, ...more }, call());
const told = async (position: number) =>
  (await instances.bus.call(apiKeys.since, { position }, call())).changes.map(({ id, record }) => ({ id, record }));
const codeOf = (asked: Promise<unknown>) =>
  asked.then(
    () => undefined,
    (error: unknown) => (error as { code: string }).code,
  );

it('is told of by its hash, and shown once', async () => {
  const organizationId = anOrganization();
  const application = await anApplication(organizationId);
  const { position } = await instances.bus.call(apiKeys.position, {}, call());
  const limits = { addresses: ['192.0.2.0/24'], referrers: ['*.johns.org/shop/*'] };
  const settings = { ...limits, expiresAt: '2100-01-01T00:00:00.000Z', kind: 'sandbox' as const };
  const { apiKey, key } = await generate(organizationId, application, settings);
  expect(Buffer.from(apiKey.slice(4), 'base64url')).toHaveLength(32);
  const record = {
    ...{ organizationId, applicationId: application, ...settings },
    hash: createHash('sha256').update(apiKey).digest('base64'),
  };
  expect(await told(position)).toEqual([{ id: key.id, record }]);
  const { records } = await instances.bus.call(apiKeys.snapshot, { limit: 500 }, call());
  expect(records).toContainEqual({ id: key.id, record });
  const list = await instances.bus.call(listApiKeys, { organizationId, application, limit: 10 }, call());
  expect(list.items).toEqual([key]);
  expect(JSON.stringify([list, key])).not.toContain(apiKey);
  expect(JSON.stringify(list)).not.toContain(record.hash);
});

it('is told to be gone when it is disabled, deleted, or its application is', async () => {
  const organizationId = anOrganization();
  const application = await anApplication(organizationId);
  const { key } = await generate(organizationId, application);
  const { position } = await instances.bus.call(apiKeys.position, {}, call());
  const named = { organizationId, application, apiKey: key.id };
  await instances.bus.call(updateApiKey, { ...named, state: 'disabled' }, call());
  await instances.bus.call(updateApiKey, { ...named, state: 'active' }, call());
  await instances.bus.call(deleteApiKey, named, call());
  const { key: other } = await generate(organizationId, application);
  await instances.bus.call(deleteApplication, { organizationId, application }, call());
  const changes = await told(position);
  expect(changes.map(({ id, record }) => [id, record !== null])).toEqual([
    [key.id, false],
    [key.id, true],
    [key.id, false],
    [other.id, true],
    [other.id, false],
  ]);
});

it.each<Partial<GenerateApiKey>>([
  { addresses: ['johns.org'] },
  { addresses: ['192.0.2.0/33'] },
  { referrers: ['https://johns.org'] },
  { referrers: ['johns org'] },
  { referrers: [`johns.org/${'*a'.repeat(11)}`] },
  { referrers: [`johns.org/${'a'.repeat(300)}`] },
  { expiresAt: 'tomorrow' },
  { expiresAt: '2026-W47' },
  { expiresAt: '2026-325' },
  { name: 'a\u0000b' },
])('is not generated with %j', async (more) => {
  const organizationId = anOrganization();
  expect(await codeOf(generate(organizationId, await anApplication(organizationId), more))).toBe('invalid_request');
});

it('abuse 1: is nothing to another organization, or through another application', async () => {
  const [own, another] = [anOrganization(), anOrganization()];
  const [application, second, theirs] = [
    await anApplication(own),
    await anApplication(own),
    await anApplication(another),
  ];
  const { key } = await generate(own, application);
  for (const named of [
    { organizationId: another, application, apiKey: key.id },
    { organizationId: another, application: theirs, apiKey: key.id },
    { organizationId: own, application: second, apiKey: key.id },
  ])
    for (const message of [findApiKey, updateApiKey, deleteApiKey])
      expect(await codeOf(instances.bus.call(message as typeof findApiKey, named, call()))).toBe('not_found');
});
