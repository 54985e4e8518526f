import { deployment, type Answer } from '@keyward/testing';
import { decodeJwt } from 'jose';
import { appearanceOf, expectError } from './support/answers';
import {
  eventually,
  makeKey,
  makeOrganization,
  makeUser,
  manage,
  unique,
  type TestKey,
  type TestUser,
} from './support/operator';
import { introspect } from './support/tokens';

const keyward = deployment();

const WRONG = 'not the password of anyone';

let org: string;
let other: string;
let key: TestKey;
let john: TestUser;
/** Of the same name, in the other organization. */
let otherJohn: TestUser;
/** What every failure must look like. */
let failure: object;

beforeAll(async () => {
  // With a k, for which Unicode has a second letter.
  [org, other] = await Promise.all([makeOrganization(unique('k')), makeOrganization()]);
  [key, john, otherJohn] = await Promise.all([
    makeKey(org),
    makeUser(org, 'john@johns.org'),
    makeUser(other, 'john@johns.org'),
  ]);
  const answer = await signIn(`${unique('nobody')}@${org}`, WRONG);
  expectError(answer, 'invalid_grant');
  failure = appearanceOf(answer);
});

const signIn = (loginName: string, password = john.password, by = key) => by.signIn({ loginName, password });
const claimsOf = (answer: Answer) => decodeJwt(answer.body.access_token as string);

const right: [what: string, name: () => string][] = [
  ['the username and the organization', () => john.loginName],
  ['the organization in capitals', () => `john@johns.org@${org.toUpperCase()}`],
  ['the username in capitals', () => `JOHN@Johns.ORG@${org}`],
  ['a mail address alone is of the client’s organization', () => 'john@johns.org'],
];
it.each(right)('RO-10 %s', async (_, name) => {
  const answer = await signIn(name());
  expect(answer.status).toBe(200);
  expect(claimsOf(answer)).toMatchObject({ sub: john.id, org });
});

it('RO-10 a plain username is of the client’s organization', async () => {
  const admin = await makeUser(org, 'admin');
  const answer = await signIn('admin', admin.password);
  expect(claimsOf(answer)).toMatchObject({ sub: admin.id, org });
});

it('RO-10 composed and decomposed letters are the same', async () => {
  const rene = await makeUser(org, 'ren\u00e9');
  expect(claimsOf(await signIn(`rene\u0301@${org}`, rene.password)).sub).toBe(rene.id);
});

const wrong: [what: string, name: () => string][] = [
  ['a leading @', () => `@john@johns.org@${org}`],
  ['a trailing @', () => `john@johns.org@${org}@`],
  ['@@', () => `john@johns.org@@${org}`],
  ['no username', () => `@${org}`],
  ['an @ alone', () => '@'],
  ['two of them alone', () => '@@'],
  ['the organization twice', () => `john@johns.org@${org}@${org}`],
  ['320 characters', () => `${'x'.repeat(319)}@${org}`],
  ['a Cyrillic letter', () => `j\u043ehn@johns.org@${org}`],
  ['a full-width @ before the organization', () => `john@johns.org\uff20${org}`],
  ['a full-width letter in the organization', () => `john@johns.org@${org.replace('k', '\uff4b')}`],
  ['the Kelvin sign, whose lower case is k, in the organization', () => `john@johns.org@${org.replace('k', '\u212a')}`],
  ['a zero-width space', () => `jo\u200bhn@johns.org@${org}`],
  ['a right-to-left override', () => `\u202ejohn@johns.org@${org}`],
  ['%40, which is not decoded twice', () => `john%40johns.org@${org}`],
  ['%40 before the organization', () => `john@johns.org%40${org}`],
  ['a blank before it', () => ` john@johns.org@${org}`],
  ['a blank after it', () => `john@johns.org@${org} `],
  ['a dot after the organization', () => `john@johns.org@${org}.`],
  ['an organization in an IDN', () => 'john@johns.org@b\u00fccher'],
  ['an organization in Punycode', () => 'john@johns.org@xn--bcher-kva'],
  ['an organization of one character', () => 'john@johns.org@k'],
  ['an organization of 64 characters', () => `john@johns.org@${'k'.repeat(64)}`],
  ['SQL', () => `john@johns.org@${org}' OR '1'='1`],
  ['a wildcard', () => `john%@${org}`],
  ['the organization’s id', () => `${john.id}@${org}`],
  ['the other organization with its own password', () => otherJohn.loginName],
];
it.each(wrong)('RO-10 %s is nobody', async (_, name) => {
  for (const password of [john.password, otherJohn.password])
    expect(appearanceOf(await signIn(name(), password))).toEqual(failure);
});

it('RO-10 BF-08 NUL and names of more than 384 characters are malformed', async () => {
  expectError(await signIn(`john\0@johns.org@${org}`), 'invalid_request');
  for (const letter of ['x', '\u00e9']) expectError(await signIn(`${letter.repeat(384)}@${org}`), 'invalid_request');
});

it('BF-08 whoever has a username of 320 characters signs in by it, however many bytes these are', async () => {
  const longest = await makeUser(org, unique('u').padEnd(320, '\u7528'));
  for (const name of [longest.loginName, longest.username])
    expect(claimsOf(await signIn(name, longest.password)).sub).toBe(longest.id);
  await expect(makeUser(org, unique('u').padEnd(321, '\u7528'))).rejects.toThrow(': 400 ');
});

it('RO-10 tenant B’s user with the same name is never selected', async () => {
  const otherKey = await makeKey(other);
  for (const name of ['john@johns.org', otherJohn.loginName])
    expect(claimsOf(await signIn(name, otherJohn.password, otherKey)).sub).toBe(otherJohn.id);
  expectError(await signIn('john@johns.org', otherJohn.password), 'invalid_grant');
  expectError(await signIn(john.loginName, otherJohn.password), 'invalid_grant');
  expectError(await signIn('john@johns.org', john.password, otherKey), 'invalid_grant');
});

it('RO-10 what is done to tenant B’s user is not done to the one of the same name', async () => {
  const [one, two] = await Promise.all([makeUser(org, 'twin'), makeUser(other, 'twin')]);
  const otherKey = await makeKey(other);
  for (let i = 0; i < 5; i++) await signIn(two.loginName, WRONG, otherKey);
  await manage('PATCH', `/${other}/users/twin`, { state: 'disabled' });
  expect((await key.signIn(one)).status).toBe(200);
});

it('RO-10 a multi-organization application takes users of other organizations, each as its own', async () => {
  const multi = await makeKey(org, { multiOrganization: true });
  const [own, foreign] = [await multi.signIn(john), await multi.signIn(otherJohn)];
  const { iss } = claimsOf(own);
  expect(claimsOf(own)).toMatchObject({ sub: john.id, org });
  // The issuer is the client's organization's, whosever user it is.
  expect(claimsOf(foreign)).toMatchObject({ sub: otherJohn.id, org: other, iss, client_id: multi.consumerKey });
  expect(claimsOf(await signIn('john@johns.org', john.password, multi)).sub).toBe(john.id);
  expectError(await signIn('john@johns.org', otherJohn.password, multi), 'invalid_grant');
  expectError(await signIn(john.loginName, otherJohn.password, multi), 'invalid_grant');
  const unknown = await signIn(`john@johns.org@${unique('nowhere')}`, john.password, multi);
  expect(appearanceOf(unknown)).toEqual(failure);

  const refreshed = await multi.token({ grant_type: 'refresh_token', refresh_token: foreign.body.refresh_token });
  expect(claimsOf(refreshed)).toMatchObject({ sub: otherJohn.id, org: other, iss });
  await manage('PATCH', `/${org}/applications/${multi.application}`, { multiOrganization: false });
  await eventually(async () => (await multi.signIn(otherJohn)).status !== 200);
  expect(appearanceOf(await multi.signIn(otherJohn))).toEqual(failure);
});

it('RO-10 RT-10 an application that is multi-organization no more goes on for its own organization’s users alone', async () => {
  const multi = await makeKey(org, { multiOrganization: true });
  const [own, foreign] = await Promise.all([john, otherJohn].map((user) => multi.signIn(user, { scope: 'openid' })));
  const refresh = (answer: Answer | undefined) =>
    multi.token({ grant_type: 'refresh_token', refresh_token: answer?.body.refresh_token as string });
  const opened = async (isOpen: boolean) => {
    await manage('PATCH', `/${org}/applications/${multi.application}`, { multiOrganization: isOpen });
    await eventually(async () => ((await multi.signIn(otherJohn)).status === 200) === isOpen);
  };
  /** What each of its tokens is good for. */
  const uses = async ({ body }: Answer) => [
    (await keyward.send('/userinfo', { bearer: body.access_token as string })).status,
    (await introspect(body.access_token as string, multi)).body.active,
    (await introspect(body.refresh_token as string, multi)).body.active,
  ];
  expect([await uses(own!), await uses(foreign!)]).toEqual([
    [200, true, true],
    [200, true, true],
  ]);
  await opened(false);
  expect([await uses(own!), await uses(foreign!)]).toEqual([
    [200, true, true],
    [401, false, false],
  ]);
  expectError(await refresh(foreign), 'invalid_grant');
  expect((await refresh(own)).status).toBe(200);
  // Nothing was used up.
  await opened(true);
  expect(claimsOf(await refresh(foreign))).toMatchObject({ sub: otherJohn.id, org: other });
});

it('no username has the form of a login name of another organization', async () => {
  for (const username of [`john@${other}`, 'john@no-such-organization', 'john@NOWHERE', ' john', 'john\u200b', ''])
    await expect(makeUser(org, username)).rejects.toThrow(': 400 ');
});
