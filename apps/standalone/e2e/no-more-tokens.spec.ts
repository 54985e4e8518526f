import { expectError } from './support/answers';
import { askFor, everyGrant, EXCHANGE, makeKeyOfEveryGrant, USER_GRANTS, type EveryGrant } from './support/every-grant';
import { eventually, makeKey, makeOrganization, makeUser, manage, type TestUser } from './support/operator';
import { isActive } from './support/tokens';

const CLIENT = { grant_type: 'client_credentials' };

interface Scene extends EveryGrant {
  org: string;
  user: TestUser;
  /** The consumer key's token for itself. */
  own: string;
}

/** A user and a consumer key of an organization of their own. */
async function prepare(): Promise<Scene> {
  const org = await makeOrganization();
  const [user, key] = [await makeUser(org), await makeKeyOfEveryGrant(org)];
  return { org, user, own: (await key.token(CLIENT)).body.access_token, ...(await everyGrant(org, key, user)) };
}

it('abuse 14: all that is refused here gives a token', async () => {
  const scene = await prepare();
  for (const grant of ['client_credentials', ...USER_GRANTS])
    expect([grant, (await askFor(scene, grant)).status]).toEqual([grant, 200]);
});

it('RT-10 abuse 14: no grant gives a token of a user who is disabled', async () => {
  const scene = await prepare();
  const { org, user, key, access, refresh, own } = scene;
  await manage('PATCH', `/${org}/users/${user.username}`, { state: 'disabled' });
  for (const grant of USER_GRANTS)
    expectError(await askFor(scene, grant), grant === EXCHANGE ? 'invalid_request' : 'invalid_grant');
  const active = await Promise.all([access, refresh, own].map((token) => isActive(token, key)));
  expect(active).toEqual([false, false, true]);
});

const gone: [string, (scene: Scene) => Promise<unknown>][] = [
  [
    'a consumer key that is disabled',
    ({ org, key }) => manage('PATCH', `/${org}/keys/${key.consumerKey}`, { state: 'disabled' }),
  ],
  ['a consumer key that is deleted', ({ org, key }) => manage('DELETE', `/${org}/keys/${key.consumerKey}`)],
  ['an application that is deleted', ({ org, key }) => manage('DELETE', `/${org}/applications/${key.application}`)],
  ['an organization that is suspended', ({ org }) => manage('PATCH', `/${org}`, { state: 'suspended' })],
];
it.each(gone)('abuse 14: no grant gives a token to %s', async (_, end) => {
  const scene = await prepare();
  const { org, key, access, refresh, own } = scene;
  const witness = await makeKey(org);
  await end(scene);
  await eventually(async () => (await key.token(CLIENT)).status !== 200);
  for (const grant of ['client_credentials', ...USER_GRANTS]) expectError(await askFor(scene, grant), 'invalid_client');
  // A client of an organization that is suspended is told nothing at all.
  for (const token of [access, refresh, own]) expect(await isActive(token, witness)).toBe(false);
});
