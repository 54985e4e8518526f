import { randomBytes } from 'node:crypto';
import { assertStrong, newConsumerSecret, sameMac, SecretMacs } from './consumer-secret';
import { newConsumerKey } from './new-consumer-key';

describe('generated keys', () => {
  it('X-12 a consumer key is 28 characters of a known alphabet, all of them in use', () => {
    const keys = Array.from({ length: 500 }, newConsumerKey);
    for (const key of keys) expect(key).toMatch(/^[A-Za-z0-9_]{28}$/);
    expect(new Set(keys).size).toBe(keys.length);
    expect(new Set(keys.join('')).size).toBe(63);
  });

  it('X-12 a consumer secret is 256 bits of base64url', () => {
    const secrets = Array.from({ length: 100 }, newConsumerSecret);
    for (const secret of secrets) expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
    expect(new Set(secrets).size).toBe(secrets.length);
    expect(new Set(secrets.join('')).size).toBe(64);
  });

  it('CC-03 a consumer key never has the form of a user’s id', () => {
    expect(newConsumerKey()).not.toContain('-');
  });
});

describe('the MAC of a secret', () => {
  const macs = new SecretMacs(randomBytes(32));

  it('is the same for the same key and secret only', () => {
    const mac = macs.of('key', 'secret');
    expect(sameMac(mac, macs.of('key', 'secret'))).toBe(true);
    expect(sameMac(mac, macs.of('key', 'Secret'))).toBe(false);
    expect(sameMac(mac, macs.of('yek', 'secret'))).toBe(false);
    expect(sameMac(mac, new SecretMacs(randomBytes(32)).of('key', 'secret'))).toBe(false);
  });
});

describe('imported secrets', () => {
  it.each([
    'ksdSdoefDDP7wpaElfqvmjDue', // API Manager
    '5f1b4c0e-9f0b-4e7e-8d0f-4a1f5f9c3f2a', // a UUID
    'a3f1c97b0d5e482694bc01f7e8d2', // 28 hexadecimal digits
    'p7-Q_z.K~x3Vn8Rb2LwTy', // all that is allowed
  ])('C-40 takes %s', (secret) => expect(() => assertStrong(secret)).not.toThrow());

  it.each([
    ['correct-horse-battery', /random/], // 21 lower-case letters: 102 bits at most
    ['aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', /random/],
    ['password-password-password', /random/],
    ['a3f1c97b0d5e482694bc01f7e8', /random/], // 26 hexadecimal digits: 104 bits
    ['Ab1Cd2Ef3Gh4Ij5Kl6M', /20 characters/],
    ['ksdSdoefDDP7wpaElfqvmjDu=', /may contain/],
  ])('C-40 refuses %s', (secret, why) => expect(() => assertStrong(secret)).toThrow(why));
});
