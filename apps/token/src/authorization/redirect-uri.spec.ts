import { isRegistered } from './redirect-uri';

const REGISTERED = 'https://app.example/callback';

it('AZ-02 a redirect URI is the registered one, character by character', () => {
  expect(isRegistered(REGISTERED, [REGISTERED], 'web')).toBe(true);
  expect(isRegistered(REGISTERED, ['https://other.example/', REGISTERED], 'native')).toBe(true);
});

it.each([
  '',
  'https://app.example/callback/',
  'https://app.example/callback?',
  'https://app.example/callback?a=b',
  'https://app.example/callback#',
  'https://app.example/callback#a',
  'https://app.example/Callback',
  'https://APP.example/callback',
  'HTTPS://app.example/callback',
  'http://app.example/callback',
  'https://app.example:443/callback',
  'https://app.example:8443/callback',
  'https://app.example/callback/..',
  'https://app.example/callback/../callback',
  'https://app.example/./callback',
  'https://app.example//callback',
  'https://app.example/callback/..;/evil',
  'https://app.example/callback;/evil',
  'https://app.example/callback%2f..',
  'https://app.example/%63allback',
  'https://app.example/callback%00',
  'https://app.example/callback%20',
  'https://app.example/callback ',
  ' https://app.example/callback',
  'https://app.example/callback\n',
  'https://app.example/callback\t',
  'https://app.example\\callback',
  'https:\\\\app.example/callback',
  'https://app.example/callback@evil.example',
  'https://app.example@evil.example/callback',
  'https://evil.example/https://app.example/callback',
  'https://evil.example#https://app.example/callback',
  'https://evil.example?https://app.example/callback',
  'https://evil.example/callback',
  'https://app.example.evil.example/callback',
  'https://evilapp.example/callback',
  'https://app.example.:443/callback',
  'https://app.example./callback',
  'https://appXexample/callback',
  'https://sub.app.example/callback',
  'https://аpp.example/callback',
  'https://xn--pp-7kc.example/callback',
  '//app.example/callback',
  '/callback',
  'callback',
  '*',
  'JavaScript:alert(1)//https://app.example/callback',
  'data:text/html,https://app.example/callback',
  `${REGISTERED},https://evil.example/`,
  `${REGISTERED} https://evil.example/`,
])('abuse 36: another one is %j', (uri) => {
  expect([isRegistered(uri, [REGISTERED], 'web'), isRegistered(uri, [REGISTERED], 'native')]).toEqual([false, false]);
});

describe('a loopback address', () => {
  const LOCAL = 'http://127.0.0.1/callback';

  it('AZ-02 has any port for a native application, and for no other', () => {
    const uri = 'http://127.0.0.1:51004/callback';
    expect([isRegistered(uri, [LOCAL], 'native'), isRegistered(uri, [LOCAL], 'web')]).toEqual([true, false]);
    expect(isRegistered('http://[::1]:1/', ['http://[::1]:9000/'], 'native')).toBe(true);
  });

  it.each([
    'http://127.0.0.1:51004/callback2',
    'http://127.0.0.1:51004/',
    'https://127.0.0.1:51004/callback',
    'http://127.0.0.1:51004@evil.example/callback',
    'http://127.0.0.1:510040/callback',
    'http://127.0.0.1.evil.example:51004/callback',
    'http://127.0.0.2:51004/callback',
    'http://localhost:51004/callback',
    'http://[::1]:51004/callback',
    'http://127.0.0.1:/callback',
    'http://127.1:51004/callback',
  ])('abuse 36: is not %j', (uri) => {
    expect(isRegistered(uri, [LOCAL], 'native')).toBe(false);
  });
});
