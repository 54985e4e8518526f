import { HOSTILE_REDIRECT_URIS, REGISTERED_REDIRECT_URI as REGISTERED } from '@keyward/testing';
import { isRegistered } from './redirect-uri';

it('AZ-02 a redirect URI is the registered one, character by character', () => {
  expect(isRegistered(REGISTERED, [REGISTERED], 'web')).toBe(true);
  expect(isRegistered(REGISTERED, ['https://other.example/', REGISTERED], 'native')).toBe(true);
});

it.each(['', ...HOSTILE_REDIRECT_URIS])('abuse 36: another one is %j', (uri) => {
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
