import { ask, expectProblem } from './support/management';
import { makeKey, makeOrganization, makeUser, manage } from './support/operator';

const NOUNS = ['users', 'applications', 'keys', 'roles', 'scopes', 'plans', 'apis'];

describe('a list', () => {
  let paged: string;
  const names = ['ann', 'Bob', 'carl', 'dora@mail.example', 'eve'];

  beforeAll(async () => {
    paged = await makeOrganization();
    for (const username of names) {
      await manage('POST', `/${paged}/users`, { username });
      const name = username.replace('@', '-');
      // Two there are in every organization.
      if (!['ann', 'Bob'].includes(name)) await manage('POST', `/${paged}/roles`, { name });
      await manage('POST', `/${paged}/scopes`, { name });
      await manage('POST', `/${paged}/plans`, { name, level: 'api', requests: 1 });
      await manage('POST', `/${paged}/apis`, { name, version: '1', context: `/${name}` });
      await manage('POST', `/${paged}/applications`, { name: username });
      await manage('POST', `/${paged}/applications/${encodeURIComponent(username)}/keys`, { kind: 'production' });
    }
  });

  it.each(NOUNS)('of %s comes in parts that make the whole, each item once', async (noun) => {
    const whole = (await manage('GET', `/${paged}/${noun}`)) as { items: object[]; next?: string };
    expect([whole.items.length, whole.next]).toEqual([5, undefined]);
    const parts: object[][] = [];
    for (let after: string | undefined = ''; after !== undefined;) {
      const query = new URLSearchParams({ limit: '2', ...(after && { after }) }).toString();
      const part = (await manage('GET', `/${paged}/${noun}?${query}`)) as typeof whole;
      parts.push(part.items);
      after = part.next;
    }
    expect(parts.map(({ length }) => length)).toEqual([2, 2, 1]);
    expect(parts.flat()).toEqual(whole.items);
  });

  it('of users is in the order of their names', async () => {
    const { items } = (await manage('GET', `/${paged}/users`)) as { items: { username: string }[] };
    expect(items.map(({ username }) => username)).toEqual(names);
  });

  it.each(['limit=0', 'limit=201', 'limit=x', 'limit=1&limit=2', 'limit=1.5', 'page=2', `after=${'x'.repeat(401)}`])(
    'is refused with ?%s',
    async (query) => {
      for (const noun of ['', ...NOUNS.map((each) => `/${paged}/${each}`), `/${paged}/subscriptions`])
        expectProblem(await ask('GET', `${noun}?${query}`), 'invalid_request', 400);
    },
  );

  it.each(["' OR 1=1 --", '%', '\\', '\u{10ffff}', `${'a'.repeat(399)}"`])(
    'abuse 38: after %j shows nothing of another organization',
    async (after) => {
      const query = new URLSearchParams({ after }).toString();
      for (const noun of NOUNS) {
        const whole = (await manage('GET', `/${paged}/${noun}`)).items as object[];
        const { items } = (await manage('GET', `/${paged}/${noun}?${query}`)) as { items: object[] };
        for (const item of items) expect(whole).toContainEqual(item);
      }
    },
  );
});

describe('a secret', () => {
  let org: string;

  beforeAll(async () => {
    org = await makeOrganization();
  });

  it('of a consumer key is shown once', async () => {
    const { application, consumerKey, consumerSecret, token } = await makeKey(org);
    const path = `/${org}/keys/${consumerKey}`;
    const rotated = (await manage('POST', `${path}/rotate-secret`, {})).consumerSecret as string;
    expect((await token({ grant_type: 'client_credentials' })).status).toBe(200);
    for (const answer of [
      await ask('GET', path),
      await ask('PATCH', path, { tokenType: 'opaque' }),
      await ask('GET', `/${org}/keys?application=${application}`),
      await ask('GET', `/${org}/applications/${application}/keys`),
    ]) {
      expect(answer.status).toBe(200);
      for (const secret of [consumerSecret, rotated]) expect(answer.text).not.toContain(secret);
    }
  });

  it('of a user is shown once, and not at all where it was chosen', async () => {
    const { username, password } = await makeUser(org);
    const path = `/${org}/users/${username}`;
    const chosen = 'correct horse battery staple';
    const reset = await ask('POST', `${path}/reset-password`, { password: chosen });
    for (const answer of [reset, await ask('GET', path), await ask('PATCH', path, { roles: ['x'] })]) {
      expect(answer.status).toBe(200);
      for (const secret of [password, chosen]) expect(answer.text).not.toContain(secret);
      expect(answer.text).not.toMatch(/argon2|hash/i);
    }
  });
});
