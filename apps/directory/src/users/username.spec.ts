import { checkUsername, lookupKey, usernameKey } from './username';

const refused: Record<string, string[]> = {
  'are empty or too long': ['', 'x'.repeat(321)],
  'start or end with a blank': [' ann', 'ann ', '\u00a0ann', 'ann\u3000', '\u2028ann'],
  'contain what is not seen': [
    'a\0nn',
    'a\nnn',
    'a\u007fn',
    'a\u0085n',
    'a\u202enn',
    'a\u200bn',
    'a\u2028n',
    'a\ud800n',
  ],
  'end in @ and an org key': ['ann@acme', 'ann@ACME', 'a@b@acme', '@acme', 'ann@a-b-c', 'ann@4711', 'ann@acm\u212a'],
};

describe('usernames', () => {
  it.each(Object.entries(refused))('RO-10 may not be such that %s', (_, names) => {
    const taken = names.filter((name) => {
      try {
        checkUsername(name);
        return true;
      } catch {
        return false;
      }
    });
    expect(taken).toEqual([]);
  });

  it.each([
    'john@johns.org',
    'ann',
    'ann@',
    'ann@a',
    'ann@a_b',
    'ann@-ab',
    'ann@a--b',
    'ann@über',
    '@',
    '@@',
    "o'neill",
    'a b',
    '%40',
    'Jürgen',
    '用户',
    '😀',
    'x'.repeat(320),
    `ann@${'a'.repeat(64)}`,
  ])('RO-10 %j may be one', (name) => {
    expect(checkUsername(name)).toBe(name);
  });

  it('RO-10 are the same one in any case and normal form', () => {
    const same = ['J\u00dcRGEN', 'j\u00fcrgen', 'ju\u0308rgen', 'JU\u0308RGEN'];
    expect(new Set(same.map(usernameKey)).size).toBe(1);
    expect(checkUsername('ju\u0308rgen')).toBe('j\u00fcrgen');
  });

  it('RO-10 that look alike are different ones', () => {
    expect(usernameKey('\u0430dmin')).not.toBe(usernameKey('admin'));
    expect(usernameKey('ａdmin')).not.toBe(usernameKey('admin'));
  });

  it('is looked up by nothing when it cannot be one', () => {
    for (const name of Object.values(refused).flat()) expect(lookupKey(name)).toBe('');
    expect(lookupKey('ANN')).toBe('ann');
  });
});
