import { LoadingCache } from './loading-cache';

/** A store whose reads end when they are told to. */
function store(now = () => 0, limits = { present: 2, absent: 2, absentFor: 10 }) {
  const values = new Map<string, string>();
  const reads: { key: string; end: () => void }[] = [];
  const cache = new LoadingCache<string>(
    limits,
    (key) => {
      const seen = values.get(key);
      return new Promise((resolve) => reads.push({ key, end: () => resolve(seen) }));
    },
    now,
  );
  const get = async (key: string) => {
    const value = cache.get(key);
    reads.at(-1)?.end();
    return value;
  };
  return { values, reads, cache, get };
}

describe('a cache that loads', () => {
  it('reads once, also when many ask at the same time', async () => {
    const { values, reads, cache } = store();
    values.set('a', '1');
    const asked = [cache.get('a'), cache.get('a')];
    reads[0]?.end();
    expect(await Promise.all([...asked, cache.get('a')])).toEqual(['1', '1', '1']);
    expect(reads).toHaveLength(1);
  });

  it.each(['drop', 'clear'] as const)('does not keep what was read before a %s', async (forget) => {
    const { values, reads, cache } = store();
    values.set('a', 'old');
    const before = cache.get('a');
    values.set('a', 'new');
    cache[forget]('a');
    const after = cache.get('a');
    for (const { end } of reads) end();
    expect(await Promise.all([before, after])).toEqual(['old', 'new']);
    expect(cache.held('a')).toBe('new');
  });

  it('remembers what is absent for a while, and not when it is dropped', async () => {
    let now = 0;
    const { values, cache, get } = store(() => now);
    expect(await get('a')).toBeUndefined();
    values.set('a', '1');
    expect(cache.isCold('a')).toBe(false);
    expect(await get('a')).toBeUndefined();
    now = 10;
    expect(cache.isCold('a')).toBe(true);
    expect(await get('a')).toBe('1');
    await get('b');
    values.set('b', '2');
    cache.drop('b');
    expect(await get('b')).toBe('2');
  });

  it('abuse 48 is bounded, and made-up names push nothing out', async () => {
    const { values, cache, get } = store();
    for (const key of ['a', 'b', 'c']) values.set(key, key);
    for (const key of ['a', 'b']) await get(key);
    for (let i = 0; i < 100; i++) await get(`made-up-${i}`);
    expect([cache.held('b'), cache.held('a')]).toEqual(['b', 'a']);
    await get('c');
    expect([cache.held('a'), cache.held('b'), cache.held('c')]).toEqual(['a', undefined, 'c']);
    expect(cache.isCold('made-up-0')).toBe(true);
  });

  it('asks again after a read that failed', async () => {
    let fail = true;
    const cache = new LoadingCache<string>(
      { present: 1, absent: 1, absentFor: 1 },
      () => (fail ? Promise.reject(new Error('away')) : Promise.resolve('1')),
      () => 0,
    );
    await expect(cache.get('a')).rejects.toThrow('away');
    fail = false;
    expect(await cache.get('a')).toBe('1');
  });
});
