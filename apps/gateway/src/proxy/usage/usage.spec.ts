import { recordUsage, ServiceError, type RecordUsage } from '@keyward/contracts';
import { api, resource, startProxied, type Proxied } from '../../../test/proxied';
import { JOHNSORG, ROOT } from '../../../test/started-gateway';

let proxied: Proxied;
let told: RecordUsage[];
let away: boolean;
const API = '0198f6aa-0000-7000-8000-000000000001';
const APPLICATION = 'shop';

beforeEach(async () => {
  [told, away] = [[], false];
  proxied = await startProxied((upstream) => [
    api(upstream, {
      id: API,
      resources: [resource('GET', '/menu/{id}'), resource('GET', '/free', { authentication: 'none' })],
    }),
    api(upstream, {
      id: 'of-root',
      organizationId: ROOT.id,
      context: '/ours',
      resources: [resource('GET', '/*', { authentication: 'none' })],
    }),
  ]);
  proxied.services.on(recordUsage, (request) => {
    if (away) throw new ServiceError('temporarily_unavailable');
    told.push(request);
    return {};
  });
});
afterEach(() => proxied.close());

const ask = async (path: string, authenticated = true) =>
  proxied.gateway.ask(path, { headers: authenticated ? await proxied.bearer() : {} });
/** A gateway tells what it has not told when it is closed. */
const closed = async () => {
  await proxied.gateway.close();
  return told.flatMap(({ organizationId, counts }) => counts.map((count) => ({ organizationId, ...count })));
};

it('counts calls by API, application, resource and status, refused ones too', async () => {
  const path = '/t/johnsorg/pizza/1.0.0';
  for (const id of [1, 2, 3]) expect((await ask(`${path}/menu/${id}`)).status).toBe(200);
  await ask(`${path}/menu/4`, false);
  await ask(`${path}/none`);
  await ask(`${path}/free`, false);
  await ask('/ours/1.0.0/x', false);
  await ask('/t/johnsorg/nothing');
  const counts = await closed();
  const of = counts.map(({ organizationId, apiId, applicationId, resource: name, status, requests }) => [
    ...[organizationId === JOHNSORG.id, apiId, applicationId, name, status, requests],
  ]);
  expect(of).toEqual([
    [true, API, APPLICATION, 'GET /menu/{id}', 200, 3],
    [true, API, undefined, 'GET /menu/{id}', 401, 1],
    [true, API, undefined, '', 404, 1],
    [true, API, undefined, 'GET /free', 200, 1],
    [false, 'of-root', undefined, 'GET /*', 200, 1],
  ]);
  const [calls] = counts;
  expect(calls?.latencies.reduce((sum, each) => sum + each)).toBe(3);
  expect(calls?.bytes).toBe(proxied.upstream.reached.slice(0, 3).reduce((sum, { url }) => sum + sizeOf(url), 0));
  expect(calls?.maxMs).toBeGreaterThan(0);
  expect(calls?.totalMs).toBeGreaterThanOrEqual(calls?.maxMs ?? Infinity);
});

const sizeOf = (url: string) => JSON.stringify({ method: 'GET', url, body: '' }).length;

it('abuse 48: what clients write makes nothing apart', async () => {
  for (let n = 0; n < 50; n++) await ask(`/t/johnsorg/pizza/1.0.0/${n}`, false);
  expect(await closed()).toHaveLength(1);
});

it('a catalog that is away slows nothing', async () => {
  away = true;
  expect((await ask('/t/johnsorg/pizza/1.0.0/menu/1')).status).toBe(200);
  expect(await closed()).toEqual([]);
});
