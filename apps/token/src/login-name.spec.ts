import { parseLoginName } from './login-name';

const long = 'u'.repeat(300);

describe('RO-10 login names', () => {
  it.each([
    ['admin', { username: 'admin' }],
    ['john@johns.org', { username: 'john@johns.org' }],
    ['john@johns.org@johnsorg', { username: 'john@johns.org', orgKey: 'johnsorg' }],
    ['john@johnsorg', { username: 'john', orgKey: 'johnsorg' }],
    ['john@JohnsOrg', { username: 'john', orgKey: 'johnsorg' }],
    ['John@johnsorg', { username: 'John', orgKey: 'johnsorg' }],
    ['john@a1', { username: 'john', orgKey: 'a1' }],
    ['john@a', { username: 'john@a' }],
    [`john@${'k'.repeat(63)}`, { username: 'john', orgKey: 'k'.repeat(63) }],
    [`john@${'k'.repeat(64)}`, { username: `john@${'k'.repeat(64)}` }],
    ['john@my-org', { username: 'john', orgKey: 'my-org' }],
    ['john@my--org', { username: 'john@my--org' }],
    ['john@-org', { username: 'john@-org' }],
    ['john@org-', { username: 'john@org-' }],
    ['john@my_org', { username: 'john@my_org' }],
    ['@johnsorg', { username: '', orgKey: 'johnsorg' }],
    ['@john@johnsorg', { username: '@john', orgKey: 'johnsorg' }],
    ['john@', { username: 'john@' }],
    ['john@johnsorg@', { username: 'john@johnsorg@' }],
    ['john@@johnsorg', { username: 'john@', orgKey: 'johnsorg' }],
    ['john@@', { username: 'john@@' }],
    ['@', { username: '@' }],
    ['@@', { username: '@@' }],
    ['', { username: '' }],
    [`${long}@johnsorg`, { username: long, orgKey: 'johnsorg' }],
    [long, { username: long }],
    ['john@johnsorg ', { username: 'john@johnsorg ' }],
    ['john@ johnsorg', { username: 'john@ johnsorg' }],
    ['john@johnsorg\n', { username: 'john@johnsorg\n' }],
    ['john@johnsorg\0', { username: 'john@johnsorg\0' }],
    ['jo\0hn@johnsorg', { username: 'jo\0hn', orgKey: 'johnsorg' }],
    ['john%40johnsorg', { username: 'john%40johnsorg' }],
    ['john@xn--bcher-kva', { username: 'john@xn--bcher-kva' }],
    ['john@b\u00fccher', { username: 'john@b\u00fccher' }],
    ['john@b\u00fccher.example', { username: 'john@b\u00fccher.example' }],
    ['j\u00f6hn@johnsorg', { username: 'j\u00f6hn', orgKey: 'johnsorg' }],
    ['john@j\u043ehnsorg', { username: 'john@j\u043ehnsorg' }], // a Cyrillic o
    ['john@\u212aeyward', { username: 'john@\u212aeyward' }], // the Kelvin sign, a k in lower case
    ['john\uff20johnsorg', { username: 'john\uff20johnsorg' }], // a full-width @
  ])('RO-10 %j is %j', (loginName, parsed) => {
    expect(parseLoginName(loginName)).toEqual(parsed);
  });
});
