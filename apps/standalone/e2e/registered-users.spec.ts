import { deployment } from '@keyward/testing';
import { eventually, makeKey, makeOrganization, makeUser, manage, type TestKey } from './support/operator';

interface Registered {
  sub: string;
  username: string | null;
  grant: string;
  firstAt: string;
  lastAt: string;
}

const keyward = deployment();
let org: string;
beforeAll(async () => {
  org = await makeOrganization();
});

const usersOf = async ({ application }: TestKey, query = ''): Promise<{ items: Registered[]; next?: string }> =>
  manage('GET', `/${org}/applications/${application}/users${query}`);

describe('the registered users of an application', () => {
  it('are those who were given tokens, with grant and times, and stay when the tokens end', async () => {
    const [key, ann, bob] = await Promise.all([makeKey(org), makeUser(org), makeUser(org)]);
    const started = Date.now();
    await makeUser(org);
    await key.token({ grant_type: 'client_credentials' });
    await key.token({ grant_type: 'password', username: ann.loginName, password: 'wrong' });
    expect((await usersOf(key)).items).toEqual([]);

    const { body } = await key.signIn(ann);
    await key.signIn(bob);
    const { items } = await usersOf(key);
    expect(items.map(({ username }) => username).sort()).toEqual([ann.username, bob.username].sort());
    for (const { sub, grant, firstAt, lastAt } of items) {
      expect([ann.id, bob.id]).toContain(sub);
      expect([grant, lastAt]).toEqual(['password', firstAt]);
      expect(Date.parse(firstAt)).toBeGreaterThanOrEqual(started - 1000);
    }
    await keyward.send('/revoke', { form: { token: body.refresh_token }, basic: key.basic });
    expect((await usersOf(key)).items).toEqual(items);
    await manage('DELETE', `/${org}/users/${ann.username}`);
    expect((await usersOf(key)).items.find(({ sub }) => sub === ann.id)).toMatchObject({ username: null });
  });

  it('are noted where there is no refresh token, and no grant but a sign-in is told', async () => {
    const [key, ann] = await Promise.all([makeKey(org, { grantTypes: ['password'] }), makeUser(org)]);
    expect((await key.signIn(ann)).body.refresh_token).toBeUndefined();
    await eventually(async () => (await usersOf(key)).items.length === 1);
    expect((await usersOf(key)).items).toMatchObject([{ sub: ann.id, username: ann.username, grant: 'password' }]);

    const refreshing = await makeKey(org);
    const { body } = await refreshing.signIn(ann);
    await refreshing.token({ grant_type: 'refresh_token', refresh_token: body.refresh_token });
    await new Promise((resolve) => setTimeout(resolve, 1200)); // What is noted beside the requests is written by now.
    expect((await usersOf(refreshing)).items).toMatchObject([{ sub: ann.id, grant: 'password' }]);
  });

  it('are told in pages, to the command line as well, and to no other organization', async () => {
    const key = await makeKey(org);
    const users = await Promise.all(Array.from({ length: 3 }, () => makeUser(org)));
    for (const user of users) await key.signIn(user);
    const ids = users.map(({ id }) => id).sort();
    const first = await usersOf(key, '?limit=2');
    expect(first.items.map(({ sub }) => sub)).toEqual(ids.slice(0, 2));
    const second = await usersOf(key, `?limit=2&after=${first.next}`);
    expect(second).toMatchObject({ items: [{ sub: ids[2] }] });
    expect(second.next).toBeUndefined();
    const listed: Registered[] = await keyward.cliJson('applications', 'users', key.application, '--org', org);
    expect(listed.map(({ sub }) => sub)).toEqual(ids);

    const other = await makeOrganization();
    await expect(manage('GET', `/${other}/applications/${key.application}/users`)).rejects.toThrow('404');
    await expect(usersOf(key, "?after=x'")).rejects.toThrow('400');
  });
});
