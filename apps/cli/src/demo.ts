import { type ConsumerKey, type GeneratedKey, type Organization } from '@keyward/contracts';
import { randomInt } from 'node:crypto';
import { type Api, ApiError, path } from './api';
import { CommandError } from './command-error';
import { type Credentials, type Demo, type DemoApi } from './demo-file';

const ORGANIZATION = 'johnsorg';
const USERNAME = 'john@johns.org';
const APPLICATION = 'demo';

/**
 * Makes the demo organization with a user, an application and its production key pair; where they exist, gives the user
 * a new password and the pair a new secret, and switches on what was off, so that the answer always works. With an upstream,
 * also a published API in front of it, to which the application subscribes.
 */
export async function demo(api: Api, { upstream }: { upstream?: string } = {}): Promise<Demo> {
  const organization = path`organizations/${ORGANIZATION}`;
  await ensure(api.post(path`organizations`, { key: ORGANIZATION, name: "John's Organization" }));
  await api.patch<Organization>(organization, { state: 'active', passwordGrant: true });

  const [password, { key, consumerSecret }, issuer] = await Promise.all([
    ensureUser(api),
    ensureKey(api),
    issuerOf(api, ORGANIZATION),
  ]);
  if (consumerSecret === undefined) throw new CommandError('The demo key pair has no secret: delete it and try again.');
  return {
    tokenUrl: `${new URL(issuer).origin}/token`,
    issuer,
    organization: ORGANIZATION,
    username: `${USERNAME}@${ORGANIZATION}`,
    password,
    consumerKey: key.consumerKey,
    consumerSecret,
    admin: api.operator as Credentials,
    ...(upstream !== undefined && { api: await ensureApi(api, upstream, issuer) }),
  };
}

/** `GET` needs the scope `read`, `PUT` the scope `update`. */
async function ensureApi(api: Api, upstream: string, issuer: string): Promise<DemoApi> {
  const at = path`organizations/${ORGANIZATION}`;
  for (const name of ['read', 'update']) await ensure(api.post(`${at}/scopes`, { name }));
  const resource = (verb: string, scope: string) => ({
    ...{ verb, template: '/menu', authentication: 'any', scopes: [scope] },
  });
  const settings = {
    upstreams: { production: upstream },
    resources: [resource('GET', 'read'), resource('PUT', 'update')],
  };
  const [name, version, context] = ['PizzaShack', '1.0.0', '/pizza'];
  if (await ensure(api.post(`${at}/apis`, { name, version, context, isDefault: true, ...settings })))
    await api.post(`${at}/apis/${name}/state`, { state: 'PUBLISHED' });
  else await api.patch(`${at}/apis/${name}`, settings);
  await ensure(api.post(`${at}/subscriptions`, { application: APPLICATION, api: name }));
  const url = `${issuer}${context}/${version}/menu`;
  return { readUrl: url, updateUrl: url };
}

async function ensureUser(api: Api): Promise<string> {
  const users = path`organizations/${ORGANIZATION}/users`;
  const john = path`organizations/${ORGANIZATION}/users/${USERNAME}`;
  const password = newPassword();
  if (await ensure(api.post(users, { username: USERNAME, password }))) return password;
  await api.post(`${john}/reset-password`, { password });
  await api.post(`${john}/unlock`);
  await api.patch(john, { state: 'active' });
  return password;
}

async function ensureKey(api: Api): Promise<GeneratedKey> {
  const keys = path`organizations/${ORGANIZATION}/applications/${APPLICATION}/keys`;
  await ensure(api.post(path`organizations/${ORGANIZATION}/applications`, { name: APPLICATION }));
  const [pair] = (await api.list<ConsumerKey>(keys)).filter((key) => key.kind === 'production' && !key.public);
  if (!pair) return api.post<GeneratedKey>(keys, { kind: 'production' });
  const key = path`organizations/${ORGANIZATION}/keys/${pair.consumerKey}`;
  await api.patch(key, { state: 'active', grantTypes: ['password', 'client_credentials', 'refresh_token'] });
  return api.post<GeneratedKey>(`${key}/rotate-secret`, { overlap: 0 });
}

/** What the server says of itself (RFC 8414 §2): behind a proxy that is not the address it was reached at. */
async function issuerOf(api: Api, organization: string): Promise<string> {
  const { body } = await api.http.send('GET', `/t/${organization}/.well-known/openid-configuration`);
  const { issuer } = (body ?? {}) as { issuer?: string };
  if (!issuer) throw new CommandError(`${api.http.server.url} publishes no issuer for ${organization}.`);
  return issuer;
}

/** Whether it was made now rather than there before. */
async function ensure(creation: Promise<unknown>): Promise<boolean> {
  try {
    await creation;
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.code === 'conflict') return false;
    throw error;
  }
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** 142 bits in characters that no shell, form or URL changes. */
const newPassword = (): string => Array.from({ length: 24 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
