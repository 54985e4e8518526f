import type { ApiResource, Verb } from '@keyward/contracts';
import { Matcher } from './matcher';

const resource = (template: string): ApiResource => ({
  verb: 'GET' satisfies Verb,
  template,
  authentication: 'any',
  scopes: [template],
});

function matcherOf(...templates: string[]): (path: string) => string | undefined {
  const matcher = new Matcher('GET');
  for (const template of templates) matcher.add(resource(template));
  return (path) => matcher.match(path)?.template;
}

describe('the resource of a path', () => {
  const match = matcherOf(
    '/*',
    '/menu',
    '/menu/{item}',
    '/menu/special',
    '/menu/{item}/price',
    '/menu/*',
    '/files/{name}.json',
    '/files/{name}',
    '/files/report-{year}-{month}.json',
    '/{a}/{b}/{c}/end',
    '/caf\u00e9/@me',
    '/orders/',
  );

  it.each([
    ['/menu', '/menu'],
    ['/menu/special', '/menu/special'],
    ['/menu/7', '/menu/{item}'],
    ['/menu/7/price', '/menu/{item}/price'],
    ['/menu/7/other', '/menu/*'],
    ['/menu/7/price/more', '/menu/*'],
    ['/files/a.json', '/files/{name}.json'],
    ['/files/.json', '/files/{name}'],
    ['/files/a.xml', '/files/{name}'],
    ['/files/report-2026-01.json', '/files/report-{year}-{month}.json'],
    ['/files/report-2026.json', '/files/{name}.json'],
    ['/files/report--01.json', '/files/{name}.json'],
    ['/x/y/z/end', '/{a}/{b}/{c}/end'],
    ['/menu/y/z/end', '/{a}/{b}/{c}/end'],
    ['/x', '/*'],
    ['', '/*'],
    ['/caf%C3%A9/@me', '/caf\u00e9/@me'],
    ['/orders', '/orders/'],
  ])('%s: exact before template before the deepest wildcard', (path, template) => {
    expect(match(path)).toBe(template);
  });

  it.each([
    '/Menu',
    '/MENU',
    '/menu/Special',
    '/MENU/7',
    '/Menu/7/price',
    '/menu/7/Price',
    '/files/a.JSON',
    '/Files/a',
  ])('RS-05 %s differs in case from a stricter one, so it is none at all', (path) =>
    expect(match(path)).toBeUndefined(),
  );

  it('RS-05 without a wildcard for it, a path is none', () => {
    const strict = matcherOf('/menu', '/menu/{item}', '/files/*');
    for (const path of ['', '/men', '/menus', '/menu/1/2', '/file', '/filesystem'])
      expect(strict(path)).toBeUndefined();
    expect(strict('/files')).toBe('/files/*');
  });

  it('abuse 48: templates that branch at every segment are searched no longer than there are nodes', () => {
    const branches = Array.from({ length: 12 }, (_, n) => n);
    const bits = (n: number) => branches.map((bit) => (n & (1 << bit) ? 'a' : '{x}')).join('/');
    const templates = Array.from({ length: 4096 }, (_, n) => `/${bits(n)}/end-${n}`);
    expect(matcherOf(...templates)(`/${'a/'.repeat(12)}none`)).toBeUndefined();
  });

  it.each(['/a//b', '/../b', '/a;b', '/{a', '/a%2fb', '/{}', '/~variable~'])('%s can match nothing', (template) => {
    const matches = matcherOf(template);
    for (const path of ['', '/a', '/a/b', '/b', '/{a', '/%7Ba', '/x']) expect(matches(path)).toBeUndefined();
  });
});
