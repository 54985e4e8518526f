import { Bus } from '@keyward/bus';
import { recordUsage, ServiceError, type RecordUsage, type UsageCount } from '@keyward/contracts';
import { holdTime } from '../../../test/held-time';
import { api, resource, startProxied, type Proxied } from '../../../test/proxied';
import { JOHNSORG, ROOT, Services } from '../../../test/started-gateway';
import { Usage, type Counted } from './usage';

let proxied: Proxied;
let told: RecordUsage[];
let away: boolean;
const API = '0198f6aa-0000-7000-8000-000000000001';
const APPLICATION = 'shop';

beforeEach(() => void holdTime());
afterEach(() => void jest.useRealTimers());

describe('of a gateway', () => {
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
  /** A gateway tells what it has not told when it is closed: here all, as no time goes by before. */
  const closed = async () => {
    jest.useRealTimers();
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

  it('abuse 48: what the catalog refuses of one organization is dropped and logged, and all others are told', async () => {
    const isRefused = ({ status }: UsageCount) => status === 700;
    proxied.services.on(recordUsage, (request) => {
      if (request.counts.some(isRefused)) throw new ServiceError('invalid_request');
      told.push(request);
      return {};
    });
    for (const status of [200, 700, 999, 201]) {
      proxied.upstream.on((_, response) => response.writeHead(status).end());
      expect((await ask('/t/johnsorg/pizza/1.0.0/free', false)).status).toBe(status);
    }
    proxied.upstream.on((_, response) => response.end());
    await ask('/ours/1.0.0/x', false);
    const counts = (await closed()).map(({ organizationId, status }) => [organizationId, status]);
    expect(counts).toHaveLength(4);
    expect(counts).toEqual(
      expect.arrayContaining([...[200, 999, 201].map((status) => [JOHNSORG.id, status]), [ROOT.id, 200]]),
    );
    const dropped = proxied.gateway.lines.filter((line) => line.includes('usage was refused'));
    expect(dropped.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ organization: JOHNSORG.id, apiId: API, status: 700 }),
    ]);
  });
});

describe('among organizations', () => {
  const call = (organizationId: string, more: Partial<Counted> = {}): Counted => ({
    ...{ organizationId, apiId: API, resource: 'GET /*', status: 200, ms: 1, bytes: 1, ...more },
  });
  const services = new Services();
  let usage: Usage;
  beforeEach(() => (usage = new Usage(new Bus(services.exchange.wire()))));

  it('abuse 48: one that has made up more than can be counted leaves the others their share', async () => {
    for (let n = 0; n < 100_500; n++) usage.count(call('a', { resource: `GET /${n}`, status: 100 + (n % 900) }));
    const heard = new Map<string, number>();
    services.on(recordUsage, ({ organizationId, counts }) => {
      heard.set(organizationId, (heard.get(organizationId) ?? 0) + counts.length);
      return {};
    });
    for (let round = 1; round <= 2; round++) {
      for (const organizationId of ['b', 'c', 'd'])
        for (let n = 0; n < 50; n++) usage.count(call(organizationId, { resource: `GET /${round}/${n}` }));
      await usage.stop();
    }
    expect(Object.fromEntries(heard)).toEqual({ a: 100_000, b: 100, c: 100, d: 100 });
  });

  it('those that the catalog does not answer for are told later, after the others', async () => {
    const heard: string[] = [];
    services.on(recordUsage, ({ organizationId }) => {
      if (organizationId.startsWith('slow')) throw new ServiceError('temporarily_unavailable');
      heard.push(organizationId);
      return {};
    });
    for (const organizationId of ['slow 1', 'slow 2', 'slow 3', 'fast 1', 'fast 2']) usage.count(call(organizationId));
    for (let turn = 0; turn < 3; turn++) await usage.flush();
    expect(heard).toEqual(['fast 1', 'fast 2']);
    services.on(recordUsage, ({ organizationId }) => (heard.push(organizationId), {}));
    await usage.flush();
    expect(heard.slice(2).sort()).toEqual(['slow 1', 'slow 2', 'slow 3']);
  });
});
