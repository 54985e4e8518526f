import { deployment, type Answer } from '@keyward/testing';
import { expectProblem, fill, operations, ORGANIZATIONS } from './support/management';
import { makeKey, makeOrganization, makeUser, manage, operator } from './support/operator';

const keyward = deployment();

let org: string;

beforeAll(async () => {
  org = await makeOrganization();
});

describe('whoever is not the operator', () => {
  const challenge = ({ headers }: Answer) => headers['www-authenticate'];
  let foreign: string;
  let unscoped: string;

  beforeAll(async () => {
    foreign = (await keyward.passwordToken({ scope: 'keyward:manage' })).body.access_token as string;
    const { username, password, consumerKey, consumerSecret } = keyward.demo.admin;
    const form = { grant_type: 'password', username, password };
    unscoped = (await keyward.send('/token', { form, basic: [consumerKey, consumerSecret] })).body
      .access_token as string;
  });

  it.each(operations)('RS-01 RO-07 MT-20 gets nothing from $name', async ({ method, path }) => {
    const target = fill(path, { orgkey: org });
    const without = await keyward.send(target, { method });
    expectProblem(without, 'unauthorized', 401);
    expect(challenge(without)).toBe('Bearer realm="keyward"');
    const another = await keyward.send(target, { method, bearer: foreign });
    expectProblem(another, 'invalid_token', 401);
    expect(challenge(another)).toBe('Bearer realm="keyward", error="invalid_token"');
    const narrow = await keyward.send(target, { method, bearer: unscoped });
    expectProblem(narrow, 'insufficient_scope', 403);
    expect(challenge(narrow)).toBe('Bearer realm="keyward", error="insufficient_scope", scope="keyward:manage"');
  });

  it('RS-02 RS-03 RS-04 is nobody without a header that holds one token', async () => {
    const token = await operator();
    const at = (headers: Record<string, string>, query = '') => keyward.send(`${ORGANIZATIONS}${query}`, { headers });
    for (const authorization of [
      'Bearer',
      'Bearer ',
      `Bearer  ${token}`,
      `Bearer ${token}, Bearer ${token}`,
      'Bearer a b',
    ])
      expectProblem(await at({ authorization }), 'invalid_token', 401);
    for (const authorization of ['', `Basic ${token}`, token, `Bearer${token}`])
      expectProblem(await at({ authorization }), 'unauthorized', 401);
    expect((await at({}, `?access_token=${token}`)).status).toBe(401);
    expect((await at({ authorization: `bEARER ${token}` })).status).toBe(200); // RFC 9110 §11.1.
  });

  it('RO-07 is a namesake of the role in another organization', async () => {
    const boss = await makeUser(org, 'admin');
    await manage('PATCH', `/${org}/users/admin`, { roles: ['operator'] });
    const { consumerKey, consumerSecret } = keyward.demo.admin;
    const form = {
      grant_type: 'password',
      username: boss.loginName,
      password: boss.password,
      scope: 'keyward:manage',
    };
    const basic: [string, string] = [consumerKey, consumerSecret];
    expect((await keyward.send('/token', { form, basic })).body.error).toBe('invalid_grant');
    const own = await makeKey(org);
    const { body } = await own.signIn(boss, { scope: 'keyward:manage' });
    expect(body.scope).toBe('default');
    expect((await keyward.send(ORGANIZATIONS, { bearer: body.access_token })).status).toBe(401);
  });

  it('RO-07 is an operator who is one no longer', async () => {
    const deputy = await makeUser('root');
    await manage('PATCH', `/root/users/${deputy.username}`, { roles: ['operator'] });
    const { consumerKey, consumerSecret } = keyward.demo.admin;
    const { username, password } = deputy;
    const form = { grant_type: 'password', username, password, scope: 'keyward:manage' };
    const { body } = await keyward.send('/token', { form, basic: [consumerKey, consumerSecret] });
    const list = () => keyward.send(ORGANIZATIONS, { bearer: body.access_token });
    expect((await list()).status).toBe(200);
    await manage('PATCH', `/root/users/${deputy.username}`, { roles: [] });
    expectProblem(await list(), 'insufficient_scope', 403);
    await manage('DELETE', `/root/users/${deputy.username}`);
    expectProblem(await list(), 'invalid_token', 401);
  });
});
