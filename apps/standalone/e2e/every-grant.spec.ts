import { deployment } from '@keyward/testing';
import { expectError } from './support/answers';
import { askFor, everyGrant, makeKeyOfEveryGrant, USER_GRANTS, type EveryGrant } from './support/every-grant';
import { eventually, makeOrganization, makeUser, manage, unique, type TestUser } from './support/operator';

const keyward = deployment();
const GRANTS = ['client_credentials', ...USER_GRANTS];

let org: string;
let user: TestUser;
beforeAll(async () => {
  org = await makeOrganization();
  user = await makeUser(org);
});

describe('a form', () => {
  let all: EveryGrant;
  beforeAll(async () => (all = await everyGrant(org, await makeKeyOfEveryGrant(org), user)));

  /** Other ways to write a parameter, none of which is that parameter. */
  const spoilt: [string, (name: string, value: string) => [string, string][]][] = [
    ['is there twice', (name, value) => [name, name].map((each) => [each, value])],
    [
      'is there twice with other values',
      (name, value) => [
        [name, value],
        [name, 'x'],
      ],
    ],
    ['has no value', (name) => [[name, '']]],
    ['is not there', () => []],
    ['is an array', (name, value) => [[`${name}[]`, value]]],
    ['is an object', (name, value) => [[`${name}[value]`, value]]],
    ['has another case', (name, value) => [[name.toUpperCase(), value]]],
    ['has NUL in it', (name, value) => [[name, `${value}\0`]]],
    ['is longer than any', (name, value) => [[name, value + 'x'.repeat(9000)]]],
  ];
  // A code is over after any mistake with its verifier (PK-02); a password may have any byte in it.
  it.each(spoilt)('X-04 X-05 abuse 20: gives nothing by a grant whose parameter %s', async (how, spoil) => {
    for (const grant of USER_GRANTS) {
      const { code_verifier, ...form } = all.forms[grant] ?? {};
      const params = Object.entries(form).filter(([name]) => !['scope', 'grant_type'].includes(name));
      for (const [name, value] of params) {
        if (name === 'password' && how.includes('NUL')) continue;
        const rest = params.filter(([each]) => each !== name);
        const spoiled: [string, string][] = [['grant_type', grant], ...rest, ...spoil(name, value)];
        if (code_verifier) spoiled.push(['code_verifier', code_verifier]);
        const answer = await keyward.send('/token', { form: spoiled, basic: all.key.basic });
        const error =
          how.includes('longer') && answer.body.error !== 'invalid_request' ? 'invalid_grant' : 'invalid_request';
        expect([grant, name, answer.status, answer.body.error]).toEqual([grant, name, 400, error]);
      }
    }
  });

  it('abuse 20: that was refused has used nothing up', async () => {
    for (const grant of GRANTS) expect([grant, (await askFor(all, grant)).status]).toEqual([grant, 200]);
  });

  it('TE-02 abuse 20: is not JSON', async () => {
    for (const grant of GRANTS) {
      const json = { ...all.forms[grant], grant_type: grant };
      expectError(await keyward.send('/token', { json, basic: all.key.basic }), 'invalid_request');
    }
  });
});

describe('a scope', () => {
  it('TE-08 abuse 21: is never more than application and user may have, by whatever grant', async () => {
    const api = unique('api');
    const resource = (verb: string, scope: string) => ({
      verb,
      template: '/*',
      authentication: 'any',
      scopes: [scope],
    });
    await manage('POST', `/${org}/scopes`, { name: 'read' });
    await manage('POST', `/${org}/scopes`, { name: 'update', roles: ['editor'] });
    await manage('POST', `/${org}/scopes`, { name: 'elsewhere' });
    await manage('POST', `/${org}/apis`, {
      ...{ name: api, version: '1', context: `/${api}`, upstreams: { production: 'https://orders.example' } },
      resources: [resource('GET', 'read'), resource('PUT', 'update')],
    });
    await manage('POST', `/${org}/apis/${api}/state`, { state: 'PUBLISHED' });
    const key = await makeKeyOfEveryGrant(org);
    await manage('POST', `/${org}/subscriptions`, { application: key.application, api });
    const own = { grant_type: 'client_credentials', scope: 'read' };
    await eventually(async () => (await key.token(own)).body.scope === 'read');

    const wanted = 'read update elsewhere made-up keyward:manage';
    const all = await everyGrant(org, key, user, wanted);
    for (const grant of GRANTS) expect([grant, (await askFor(all, grant)).body.scope]).toEqual([grant, 'read']);
    // Nor is what was given for less widened afterwards.
    const less = await everyGrant(org, key, user, 'default');
    const more = (grant: string) => askFor(less, grant, { scope: wanted });
    expectError(await more('refresh_token'), 'invalid_scope');
    for (const grant of USER_GRANTS.filter(
      (each) => !['password', 'refresh_token'].includes(each) && !each.endsWith('jwt-bearer'),
    ))
      expect([grant, (await more(grant)).body.scope]).toEqual([grant, 'default']);
  });
});
