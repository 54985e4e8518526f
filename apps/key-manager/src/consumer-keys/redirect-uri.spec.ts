import type { ApplicationType } from '@keyward/contracts';
import { assertRedirectUri } from './redirect-uri';

const taken = (uri: string, type: ApplicationType): boolean => {
  try {
    assertRedirectUri(uri, type);
    return true;
  } catch {
    return false;
  }
};

describe('a redirect URI', () => {
  it.each([
    'https://app.example/callback',
    'https://app.example',
    'https://app.example/',
    'https://app.example:8443/callback?from=keyward',
    'https://app.example/callback?next=https%3A%2F%2Fapp.example%2F',
    'http://localhost:3000/callback',
    'http://127.0.0.1/callback',
    'http://[::1]:7000/callback',
  ])('AZ-02 may be %s', (uri) => {
    expect([taken(uri, 'web'), taken(uri, 'native')]).toEqual([true, true]);
  });

  it.each(['com.example.app:/callback', 'com.example.app://callback', 'org.example-2.app:/a/b'])(
    'AZ-02 of a native application may be %s',
    (uri) => {
      expect([taken(uri, 'web'), taken(uri, 'native')]).toEqual([false, true]);
    },
  );

  it.each([
    '',
    '/callback',
    '//app.example/callback',
    'app.example/callback',
    'http://app.example/callback',
    'https://app.example/callback#',
    'https://app.example/callback#fragment',
    'https://user@app.example/callback',
    'https://user:secret@app.example/callback',
    'https://@app.example/callback',
    'https://*.app.example/callback',
    'https://app.example/*',
    'https://app.example/../callback',
    'https://app.example/./callback',
    'https://app.example/%2e%2e/callback',
    'https://app.example/..%2fcallback',
    'https://app.example/..;/callback',
    'https://app.example\\callback',
    'https:\\\\app.example/callback',
    'https:/app.example/callback',
    'https:app.example/callback',
    'HTTPS://app.example/callback',
    'https://App.example/callback',
    'https://app.example:443/callback',
    'https://аpp.example/callback',
    'https://app.example/call back',
    'https://app.example/call\tback',
    'https://app.example/callback\n',
    ' https://app.example/callback',
    'https://app.example/callback%0d%0aSet-Cookie:a=b',
    'https://app.example/callback%00',
    'https://2130706433/callback',
    'javascript:alert(1)',
    'JavaScript:alert(1)',
    'javascript://app.example/%0aalert(1)',
    'data:text/html,hello',
    'vbscript:hello',
    'file:///etc/passwd',
    'blob:https://app.example/1',
    'about:blank',
    'ftp://app.example/',
    'ws://app.example/',
    'myapp:/callback',
    'urn:ietf:wg:oauth:2.0:oob',
    'view-source:https://app.example/',
    'http://localhost.app.example/callback',
    'http://127.0.0.1.app.example/callback',
  ])('abuse 36: is not %j', (uri) => {
    expect([taken(uri, 'web'), taken(uri, 'native')]).toEqual([false, false]);
  });
});
