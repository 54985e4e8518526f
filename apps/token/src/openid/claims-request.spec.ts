import { ServiceError } from '@keyward/contracts';
import fc from 'fast-check';
import { readClaimsRequest, scopesOf } from './claims-request';

const read = (value: unknown) => readClaimsRequest(JSON.stringify(value));

it('OC-07 knows the claims that are kept, wherever they are asked for, and leaves out what it does not know', () => {
  const { names } = read({
    userinfo: { given_name: { essential: true }, nickname: null, 'https://example.com/x': null, constructor: null },
    id_token: { email: null, auth_time: { essential: true }, acr: { values: ['urn:a'] }, sub: null },
    other: 'whatever',
  });
  expect(names).toEqual({ userinfo: ['given_name', 'nickname'], idToken: ['email'] });
  expect(scopesOf(names)).toEqual(['profile', 'email']);
  expect(read({}).names).toEqual({ userinfo: [], idToken: [] });
});

it('OC-07 tells which user alone will do, and which classes of sign-in', () => {
  expect(read({ id_token: { sub: { value: 'u' } } }).sub).toBe('u');
  expect(read({ userinfo: { sub: { value: 'u' } } }).sub).toBe('u');
  expect(read({ id_token: { acr: { essential: true, values: ['urn:a', 'urn:b'] } } }).essentialAcr).toEqual([
    'urn:a',
    'urn:b',
  ]);
  expect(read({ id_token: { acr: { essential: true, value: 'urn:a' } } }).essentialAcr).toEqual(['urn:a']);
  for (const about of [null, { essential: true }, { values: ['urn:a'] }, { essential: false, value: 'urn:a' }])
    expect(read({ id_token: { acr: about } }).essentialAcr).toBeUndefined();
});

it.each<[string, string]>([
  ['no JSON', '{'],
  ['an array', '[]'],
  ['null', 'null'],
  ['a text', '"id_token"'],
  ['a part that is an array', '{"userinfo":[]}'],
  ['a part that is null', '{"id_token":null}'],
  ['a claim that is a text', '{"id_token":{"email":"yes"}}'],
  ['essential that is a text', '{"id_token":{"email":{"essential":"true"}}}'],
  ['values that are none', '{"id_token":{"acr":{"values":"urn:a"}}}'],
  ['a user who is a number', '{"id_token":{"sub":{"value":1}}}'],
  ['two users', '{"id_token":{"sub":{"values":["a","b"]}}}'],
])('OC-07 refuses %s', (_, text) => {
  expect(() => readClaimsRequest(text)).toThrow(/^invalid_request: claims: /);
});

it('X-07 whatever is sent, it is read or refused, in words that an error may have', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.json(),
        fc.string(),
        fc.dictionary(fc.string(), fc.jsonValue()).map((all) => JSON.stringify({ id_token: all })),
      ),
      (text) => {
        try {
          readClaimsRequest(text);
        } catch (error) {
          expect(error).toBeInstanceOf(ServiceError);
          expect((error as ServiceError).description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
        }
      },
    ),
  );
});
