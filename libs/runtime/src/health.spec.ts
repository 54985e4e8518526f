import { readiness, startHealth, type Checks } from './health';

describe('readiness', () => {
  it.each<[string, Checks]>([
    ['ready', { bus: () => true, feed: () => 'current' }],
    ['degraded', { bus: () => true, feed: () => Promise.resolve('degraded') }],
    ['not ready', { bus: () => false, feed: () => 'degraded' }],
    ['not ready', { feed: () => 'starting' }],
    ['not ready', { database: () => Promise.reject(new Error('refused')) }],
    ['ready', {}],
  ])('is %s by the worst of its checks (%#)', async (status, checks) => {
    expect(await readiness(checks)).toMatchObject({ status });
  });

  it('names every check, and does not wait for one that hangs', async () => {
    jest.useFakeTimers();
    const asked = readiness({ bus: () => true, database: () => new Promise<boolean>(() => undefined) });
    await jest.advanceTimersByTimeAsync(1000);
    jest.useRealTimers();
    expect(await asked).toEqual({ status: 'not ready', checks: { bus: 'ready', database: 'not ready' } });
  });
});

describe('the listener', () => {
  const now: { state: 'ready' | 'degraded' | 'not ready' } = { state: 'ready' };
  let listener: Awaited<ReturnType<typeof startHealth>>;
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${listener.port}${path}`);
    return { status: response.status, body: await response.json() };
  };
  beforeAll(async () => (listener = await startHealth(() => readiness({ it: () => now.state }), 0, '127.0.0.1')));
  afterAll(() => listener.close());

  it.each([
    ['ready', 200],
    ['degraded', 200],
    ['not ready', 503],
  ] as const)('answers %s with %d', async (state, status) => {
    now.state = state;
    expect(await get('/health/ready')).toEqual({ status, body: { status: state, checks: { it: state } } });
  });

  it('is live while it is not ready', async () => {
    now.state = 'not ready';
    expect(await get('/health/live')).toEqual({ status: 200, body: { status: 'live' } });
  });

  it('has nothing else', async () => {
    expect(await get('/')).toMatchObject({ status: 404 });
  });

  it('names a port that is taken', async () => {
    await expect(startHealth(() => readiness({}), listener.port, '127.0.0.1')).rejects.toThrow(String(listener.port));
  });
});
