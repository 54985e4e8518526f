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

let org: string;
let api: string;
let user: TestUser;

/** `read` needs no role, `update` needs `editor`. */
beforeAll(async () => {
  org = await makeOrganization();
  user = await makeUser(org);
  await manage('POST', `/${org}/scopes`, { name: 'read' });
  await manage('POST', `/${org}/scopes`, { name: 'update', roles: ['editor'] });
  api = await publish();
});

async function publish(more: object = {}): Promise<string> {
  const name = unique('api');
  const resource = (verb: string, scope: string) => ({ verb, template: '/*', authentication: 'any', scopes: [scope] });
  await manage('POST', `/${org}/apis`, {
    ...{ name, version: '1', context: `/${name}`, upstreams: { production: 'https://orders.example' } },
    ...{ resources: [resource('GET', 'read'), resource('PUT', 'update')], ...more },
  });
  await manage('POST', `/${org}/apis/${name}/state`, { state: 'PUBLISHED' });
  return name;
}
const subscribe = async (application: string, to = api) =>
  (await manage('POST', `/${org}/subscriptions`, { application, api: to })).id as string;
const granted = async (key: TestKey, scope: string, who: Pick<TestUser, 'loginName' | 'password'> = user) =>
  (await key.signIn(who, { scope })).body.scope as string;
const ownScope = async (key: TestKey, scope: string) =>
  (await key.token({ grant_type: 'client_credentials', scope })).body.scope as string;

describe('TE-08 a requested scope', () => {
  it('TE-08 is granted by what the application subscribes to and the user’s roles, else dropped', async () => {
    const key = await makeKey(org);
    expect(await granted(key, 'read update delete')).toBe('default');
    const subscription = await subscribe(key.application);
    await eventually(async () => (await granted(key, 'read update delete')) === 'read');
    await manage('POST', `/${org}/roles`, { name: 'editor' }).catch(() => undefined);
    await manage('POST', `/${org}/roles/editor/members`, { username: user.username });
    expect(await granted(key, 'update read')).toBe('update read');
    expect(await granted(key, 'Read UPDATE')).toBe('default');
    await manage('DELETE', `/${org}/roles/editor/members/${user.username}`);
    expect(await granted(key, 'read update')).toBe('read');
    await manage('PATCH', `/${org}/subscriptions/${subscription}`, { state: 'BLOCKED' });
    await eventually(async () => (await granted(key, 'read')) === 'default');
  });

  it('TE-08 is what the application may have by itself, without a user, where no role is needed', async () => {
    const key = await makeKey(org);
    await subscribe(key.application);
    await eventually(async () => (await ownScope(key, 'read update')) === 'read');
    expect(await ownScope(key, 'update')).toBe('default');
  });

  it('TE-08 is refused in strict mode when it would be dropped', async () => {
    const key = await makeKey(org, { strictScopes: true });
    await subscribe(key.application);
    await eventually(async () => (await key.signIn(user, { scope: 'read' })).status === 200);
    for (const scope of ['read update', 'unknown', 'read unknown']) {
      const { status, body } = await key.signIn(user, { scope });
      expect([status, body.error]).toEqual([400, 'invalid_scope']);
    }
    const { body } = await key.token({ grant_type: 'client_credentials', scope: 'update' });
    expect(body.error).toBe('invalid_scope');
  });

  it('TE-08 RT-03 is granted at a refresh as roles and subscriptions are then', async () => {
    const key = await makeKey(org);
    const other = await makeUser(org);
    await manage('PATCH', `/${org}/users/${other.username}`, { roles: ['editor'] });
    const subscription = await subscribe(key.application);
    await eventually(async () => (await granted(key, 'read update', other)) === 'read update');
    let { body } = await key.signIn(other, { scope: 'read update' });
    const refreshed = async () => {
      const answer = await key.token({ grant_type: 'refresh_token', refresh_token: body.refresh_token as string });
      body = answer.body;
      return answer.body.scope as string;
    };
    expect(await refreshed()).toBe('read update');
    await manage('PATCH', `/${org}/users/${other.username}`, { roles: [] });
    expect(await refreshed()).toBe('read');
    await manage('DELETE', `/${org}/subscriptions/${subscription}`);
    await eventually(async () => (await refreshed()) === 'default');
  });

  it('TE-08 of an API that needs no subscription is every application’s of the organization', async () => {
    const [key, foreign] = [await makeKey(org), await makeKey(await makeOrganization())];
    const open = await publish({ subscriptionRequired: false });
    await eventually(async () => (await ownScope(key, 'read')) === 'read');
    expect(await ownScope(foreign, 'read')).toBe('default');
    await manage('DELETE', `/${org}/apis/${open}`);
    await eventually(async () => (await ownScope(key, 'read')) === 'default');
  });

  it('abuse 1: by a role of another organization’s user is not granted', async () => {
    const key = await makeKey(org, { multiOrganization: true });
    const elsewhere = await makeOrganization();
    const guest = await makeUser(elsewhere);
    await manage('PATCH', `/${elsewhere}/users/${guest.username}`, { roles: ['editor'] });
    await subscribe(key.application);
    await eventually(async () => (await granted(key, 'read', guest)) === 'read');
    expect(await granted(key, 'read update', guest)).toBe('read');
  });

  it('TE-08 ends with the API that defines it', async () => {
    const key = await makeKey(org);
    const retiring = await publish();
    await subscribe(key.application, retiring);
    await eventually(async () => (await ownScope(key, 'read')) === 'read');
    for (const state of ['DEPRECATED', 'RETIRED']) await manage('POST', `/${org}/apis/${retiring}/state`, { state });
    await eventually(async () => (await ownScope(key, 'read')) === 'default');
  });
});
