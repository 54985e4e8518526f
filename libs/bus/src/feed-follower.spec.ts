import { Empty, feed, type Change, type Changes, type SnapshotPage } from '@keyward/contracts';
import { Bus, FeedFollower, LocalExchange, type Wire } from './index';

interface Thing {
  name: string;
}
const things = feed<Thing>('probe.things');
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const until = async (holds: () => boolean) => {
  while (!holds()) await sleep(5);
};

/** An owner as the contract describes it: a log of changes that the test writes, publishes, or loses. */
class Owner {
  readonly log: Change<Thing>[] = [];
  kept = 0;
  asked = 0;
  pageSize = 2;
  away = false;
  readonly bus: Bus;

  constructor(private readonly wire: Wire) {
    this.bus = new Bus(wire);
    const answer = (subject: string, reply: (request: never) => object) =>
      wire.respond(subject, 'probe', async (request) =>
        this.away ? { error: { code: 'temporarily_unavailable' } } : { ok: reply(request as never) },
      );
    answer(things.position.subject, () => ({ position: this.log.length }));
    answer(things.since.subject, ({ position }: { position: number }): Changes<Thing> => {
      this.asked++;
      const changes = this.log.slice(position, position + this.pageSize);
      const gone = position < this.kept || position > this.log.length;
      return { changes, more: position + changes.length < this.log.length, gone };
    });
    answer(things.snapshot.subject, ({ after = '' }: { after?: string }): SnapshotPage<Thing> => {
      const now = new Map(this.log.map(({ id, record }) => [id, record]));
      const all = [...now].filter(([id, record]) => record && id > after).sort(([a], [b]) => (a < b ? -1 : 1));
      const records = all.slice(0, this.pageSize).map(([id, record]) => ({ id, record: record as Thing }));
      return { position: this.log.length, records, more: all.length > records.length };
    });
  }

  write(id: string, record: Thing | null, { lost = false } = {}): void {
    const change = { position: this.log.length + 1, id, record };
    this.log.push(change);
    if (!lost) this.bus.publish(things.changed, change);
  }

  beat(position = this.log.length): void {
    this.bus.publish(things.heartbeat, { position });
  }
}

describe('a follower of a feed', () => {
  let owner: Owner;
  let known: Map<string, string>;
  let applied: string[];
  let resets: number;
  let follower: FeedFollower<Thing>;

  beforeEach(() => {
    const exchange = new LocalExchange();
    owner = new Owner(exchange.wire());
    known = new Map();
    applied = [];
    resets = 0;
    follower = new FeedFollower(new Bus(exchange.wire()), things, {
      apply: (id, record) => {
        applied.push(id);
        if (record) known.set(id, record.name);
        else known.delete(id);
      },
      reset: () => {
        resets++;
        known.clear();
      },
    });
  });
  afterEach(() => follower.stop());

  const is = (expected: Record<string, string>) => () =>
    JSON.stringify([...known].sort()) === JSON.stringify(Object.entries(expected).sort());

  test('takes a snapshot of several pages, then every change', async () => {
    for (const id of ['a', 'b', 'c', 'd', 'e']) owner.write(id, { name: id });
    expect(follower.state).toBe('starting');
    await follower.start();
    expect(is({ a: 'a', b: 'b', c: 'c', d: 'd', e: 'e' })()).toBe(true);
    owner.write('a', { name: 'A' });
    owner.write('b', null);
    await until(is({ a: 'A', c: 'c', d: 'd', e: 'e' }));
    expect(follower.state).toBe('current');
  });

  test('fills a gap in order when the next change shows it', async () => {
    await follower.start();
    owner.write('a', { name: '1' }, { lost: true });
    owner.write('a', { name: '2' }, { lost: true });
    owner.write('b', { name: '3' }, { lost: true });
    owner.write('c', { name: '4' });
    await until(is({ a: '2', b: '3', c: '4' }));
    expect(applied).toEqual(['a', 'a', 'b', 'c']);
  });

  test('asks at once for who misses what was just written, and once for many who do', async () => {
    await follower.start();
    owner.write('a', { name: 'new' }, { lost: true });
    const caughtUp = Promise.all(Array.from({ length: 50 }, () => follower.catchUp()));
    await until(is({ a: 'new' }));
    await caughtUp;
    expect(owner.asked).toBeLessThanOrEqual(3);
    owner.write('b', { name: 'newer' }, { lost: true });
    void follower.catchUp();
    await until(is({ a: 'new', b: 'newer' }));
  });

  test('says each time that it cannot tell while the owner is silent, and goes on with it', async () => {
    await follower.start();
    owner.away = true;
    expect(await follower.catchUp()).toBe(false);
    expect(await follower.catchUp()).toBe(false);
    owner.write('a', { name: 'new' }, { lost: true });
    owner.away = false;
    while (!(await follower.catchUp())) await sleep(5);
    expect(is({ a: 'new' })()).toBe(true);
  });

  test('notices a lost last change by the heartbeat', async () => {
    await follower.start();
    owner.write('a', { name: 'lost' }, { lost: true });
    owner.beat();
    await until(is({ a: 'lost' }));
  });

  test('starts over when the owner no longer keeps what it missed', async () => {
    owner.write('old', { name: 'old' });
    await follower.start();
    owner.write('old', null, { lost: true });
    for (const id of ['x', 'y', 'z']) owner.write(id, { name: id }, { lost: true });
    owner.kept = 3;
    owner.beat();
    await until(is({ x: 'x', y: 'y', z: 'z' }));
    expect(resets).toBe(2);
  });

  test('starts over when the owner was set back', async () => {
    owner.write('a', { name: 'a' });
    owner.write('b', { name: 'b' });
    await follower.start();
    owner.log.length = 1;
    owner.beat();
    await until(is({ a: 'a' }));
  });

  test('stays current when a change has overtaken a heartbeat of another instance', async () => {
    owner.write('a', { name: 'a' });
    await follower.start();
    owner.write('b', { name: 'b' });
    owner.beat(1);
    const states = new Set<string>();
    for (let turn = 0; turn < 50; turn++) {
      states.add(follower.state);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect([...states]).toEqual(['current']);
    expect(is({ a: 'a', b: 'b' })()).toBe(true);
    expect(resets).toBe(1);
  });

  test('knows what it knew until it has started over', async () => {
    owner.write('a', { name: 'a' });
    await follower.start();
    owner.write('b', { name: 'b' }, { lost: true });
    owner.kept = 2;
    owner.beat();
    while (!known.has('b')) {
      expect([follower.state, known.get('a')]).toEqual(['current', 'a']);
      await new Promise((resolve) => setImmediate(resolve));
    }
  });

  test('waits for an owner that is not there yet', async () => {
    const exchange = new LocalExchange();
    const late = new FeedFollower(new Bus(exchange.wire()), things, {
      apply: (id) => applied.push(id),
      reset: () => resets++,
    });
    const started = late.start();
    await sleep(20);
    expect(late.state).toBe('starting');
    new Owner(exchange.wire()).write('a', { name: 'a' }, { lost: true });
    await started;
    expect(applied).toEqual(['a']);
    late.stop();
  });

  test('is degraded, and says for how long, when the owner is silent', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'setTimeout', 'nextTick', 'queueMicrotask'] });
    try {
      await follower.start();
      expect(follower.staleForMs).toBe(0);
      jest.setSystemTime(Date.now() + 5000);
      expect(follower.state).toBe('degraded');
      expect(follower.staleForMs).toBeGreaterThanOrEqual(5000);
      owner.beat();
      await until(() => follower.state === 'current');
    } finally {
      jest.useRealTimers();
    }
  });

  test('without a snapshot it only hears changes, for a cache', async () => {
    owner.write('before', { name: 'before' });
    const exchange = new LocalExchange();
    const other = new Owner(exchange.wire());
    other.write('before', { name: 'before' });
    const cache = new FeedFollower(new Bus(exchange.wire()), things, {
      apply: (id) => applied.push(id),
      reset: () => resets++,
      snapshot: false,
    });
    await cache.start();
    other.write('after', { name: 'after' });
    await until(() => applied.length > 0);
    expect(applied).toEqual(['after']);
    expect(resets).toBe(1);
    cache.stop();
  });
});

test('an empty request is an empty object on the wire', () => {
  expect(JSON.stringify(new Empty())).toBe('{}');
});
