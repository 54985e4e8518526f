import type { ServiceError } from '@keyward/contracts';
import { readCredentials } from './client-authentication';

const basic = (pair: string | Buffer) => `Basic ${Buffer.from(pair).toString('base64')}`;

function refused(params: Record<string, string>, authorization?: string): string {
  try {
    return JSON.stringify(readCredentials(params, authorization));
  } catch (error) {
    return (error as ServiceError).code;
  }
}

describe('CA-01 Basic', () => {
  it('CA-01 reads a pair that needs no decoding in one way', () => {
    expect(readCredentials({}, basic('key:secret'))).toEqual([{ clientId: 'key', clientSecret: 'secret' }]);
  });

  it('CA-01 form-decodes identifier and secret first, then takes them as they stand', () => {
    expect(readCredentials({}, basic('a%2Db:p+w%3A'))).toEqual([
      { clientId: 'a-b', clientSecret: 'p w:' },
      { clientId: 'a%2Db', clientSecret: 'p+w%3A' },
    ]);
  });

  it('CA-01 splits at the first colon, before decoding', () => {
    expect(readCredentials({}, basic('key:a:b'))).toEqual([{ clientId: 'key', clientSecret: 'a:b' }]);
  });

  it.each(['BASIC', 'basic', 'bAsIc'])('CA-01 takes the scheme as %s', (scheme) => {
    const authorization = basic('key:secret').replace('Basic', scheme);
    expect(readCredentials({}, authorization)).toEqual([{ clientId: 'key', clientSecret: 'secret' }]);
  });
});

describe('CA-02 clients that encode differently', () => {
  const meant = { clientId: 'a-b_c', clientSecret: 'p+w/=%:x y' };

  it.each([
    ['openid-client and oauth4webapi', 'a%2Db%5Fc:p%2Bw%2F%3D%25%3Ax+y'],
    ['simple-oauth2', 'a-b_c:p%2Bw%2F%3D%25%3Ax+y'],
    ['client-oauth2, oauthlib and Authlib, which do not encode', 'a-b_c:p+w/=%:x y'],
  ])('CA-02 %s', (_, sent) => {
    expect(readCredentials({}, basic(sent))).toContainEqual(meant);
  });

  it('CA-02 a % that begins no escape leaves one reading', () => {
    expect(readCredentials({}, basic('key:100%'))).toEqual([{ clientId: 'key', clientSecret: '100%' }]);
  });
});

describe('CA-03 and CA-04 where credentials are', () => {
  it('CA-03 takes them from the body', () => {
    const params = { client_id: 'key', client_secret: 'secret' };
    expect(readCredentials(params)).toEqual([{ clientId: 'key', clientSecret: 'secret' }]);
  });

  it('CA-09 takes a public client by its identifier alone', () => {
    expect(readCredentials({ client_id: 'key' })).toEqual([{ clientId: 'key' }]);
  });

  it('CA-04 lets the body repeat the identifier of the header, in either reading', () => {
    expect(readCredentials({ client_id: 'key' }, basic('key:secret'))).toHaveLength(1);
    expect(readCredentials({ client_id: 'a-b' }, basic('a%2Db:s'))).toEqual([{ clientId: 'a-b', clientSecret: 's' }]);
  });

  it.each<[string, Record<string, string>, string | undefined]>([
    ['a header and a secret in the body', { client_id: 'key', client_secret: 'secret' }, basic('key:secret')],
    ['a header and a secret without an identifier', { client_secret: 'secret' }, basic('key:secret')],
    ['another identifier in the body', { client_id: 'other' }, basic('key:secret')],
    ['a header and an assertion', { client_assertion: 'x' }, basic('key:secret')],
    ['a secret and an assertion', { client_id: 'key', client_secret: 's', client_assertion: 'x' }, undefined],
  ])('CA-04 refuses %s as invalid_request', (_, params, authorization) => {
    expect(refused(params, authorization)).toBe('invalid_request');
  });
});

describe('CA-08 and CA-10 what cannot be read', () => {
  it.each<[string, Record<string, string>, string | undefined]>([
    ['nothing at all', {}, undefined],
    ['a secret without an identifier', { client_secret: 'secret' }, undefined],
    ['an identifier that is too long', { client_id: 'k'.repeat(256), client_secret: 's' }, undefined],
    ['a secret that is too long', { client_id: 'key', client_secret: 's'.repeat(1025) }, undefined],
    ['NUL in the body', { client_id: 'ke\0y', client_secret: 's' }, undefined],
    ['an assertion, which is not offered', { client_assertion: 'x' }, undefined],
    ['no base64', {}, 'Basic !!!'],
    ['a cut base64', {}, 'Basic a'],
    ['no value', {}, 'Basic'],
    ['an empty value', {}, 'Basic '],
    ['no colon', {}, basic('key')],
    ['no identifier', {}, basic(':secret')],
    ['no secret', {}, basic('key:')],
    ['NUL', {}, basic('key:sec\0ret')],
    ['an encoded NUL and nothing else that is possible', {}, basic('\0key:secret')],
    ['a line end', {}, basic('key:secret\r\n')],
    ['what is no UTF-8', {}, basic(Buffer.from([0x6b, 0x3a, 0xff, 0xfe]))],
    ['another scheme', {}, `Bearer ${Buffer.from('key:secret').toString('base64')}`],
    ['two values', {}, `${basic('key:secret')} ${basic('key:secret')}`],
    ['two headers joined', {}, `${basic('key:secret')}, ${basic('key:secret')}`],
  ])('CA-10 refuses %s as invalid_client', (_, params, authorization) => {
    expect(refused(params, authorization)).toBe('invalid_client');
  });

  it('CA-10 leaves out the reading that would hold a control character', () => {
    expect(readCredentials({}, basic('key:a%00b'))).toEqual([{ clientId: 'key', clientSecret: 'a%00b' }]);
  });
});
