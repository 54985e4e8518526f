import { canonicalPath, canonicalTarget } from './path';
import { HOSTILE_PATHS } from '../../test/hostile';

describe('the canonical form of a path', () => {
  it.each([
    ['/pizza/1.0.0/menu', '/pizza/1.0.0/menu'],
    ['/', '/'],
    ['/pizza/', '/pizza/'],
    ['/pizza/%6denu', '/pizza/menu'],
    ['/%7euser', '/~user'],
    ['/users/%40me', '/users/@me'],
    ['/a%2cb%3Ac', '/a,b:c'],
    ['/a%20b', '/a%20b'],
    ['/caf%c3%a9', '/caf%C3%A9'],
    ['/100%25', '/100%25'],
    ['/a%3fb%23c', '/a%3Fb%23c'],
    ['/...', '/...'],
    ['/.well-known/x', '/.well-known/x'],
    ['/a%7Bb', '/a%7Bb'],
  ])('RS-05 %s is %s', (path, canonical) => {
    expect(canonicalTarget(path)).toEqual({ path: canonical, query: '' });
    expect(canonicalPath(canonical)).toBe(canonical);
  });

  it('RS-05 keeps the query as it came', () => {
    expect(canonicalTarget('/a?b=/../%2f;&c=?d')).toEqual({ path: '/a', query: '?b=/../%2f;&c=?d' });
    expect(canonicalTarget('/a?')).toEqual({ path: '/a', query: '?' });
  });

  it.each(HOSTILE_PATHS)('RS-05 abuse 42, 46: %j has none', (path) => {
    expect(canonicalTarget(path)).toBeUndefined();
  });
});
