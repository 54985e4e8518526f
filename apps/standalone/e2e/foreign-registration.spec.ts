import { deployment, type CliResult } from '@keyward/testing';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { Agent, fetch as undiciFetch } from 'undici';
import { readGuide, runCommand, Workplace } from './support/guide';
import { eventually, makeOrganization, manage } from './support/operator';

const keyward = deployment();
const dispatcher = new Agent({ connect: { ca: keyward.ca } });
/** `fetch` that trusts the deployment's certificate. */
const trusting = (url: string, options: object): Promise<Response> => undiciFetch(url, { ...options, dispatcher });
const METADATA = { client_name: 'Robot', grant_types: ['client_credentials'], response_types: [] };

let org: string;
let issuer: URL;

const metadataOf = async () => (await keyward.send(`/t/${org}/.well-known/openid-configuration`)).body;
const isOpen = async () => (await metadataOf()).registration_endpoint !== undefined;

beforeAll(async () => {
  org = await makeOrganization();
  issuer = new URL((await metadataOf()).issuer as string);
});
afterAll(() => dispatcher.close());

const newToken = async (): Promise<string> =>
  (await manage('POST', `/${org}/initial-access-tokens`, {})).initialAccessToken;

it('DR-01 DR-02 the guide opens it, registers a client and finds it', async () => {
  const guide = readGuide('registration', { johnsorg: org });
  const commands = guide.commands.filter((line) => line.startsWith('npx keyward '));
  const results: CliResult[] = [];
  for (const line of commands.slice(0, 2)) results.push(await runCommand(line));
  await eventually(isOpen);
  const { initialAccessToken } = JSON.parse(results[1]?.stdout ?? '') as { initialAccessToken: string };
  const place = new Workplace(guide.files);
  try {
    const env = { ISSUER: issuer.href, INITIAL_ACCESS_TOKEN: initialAccessToken };
    const { end } = await place.run('register.mjs', env, /\n/);
    const { client_id, registration_client_uri } = JSON.parse(await end) as Record<string, string>;
    expect(registration_client_uri).toBe(`${issuer.href}/oauth2/register/${client_id}`);
    const { stdout } = await runCommand(commands[2] ?? '');
    expect(JSON.parse(stdout)).toMatchObject([
      { clientId: client_id, by: 'token', about: { client_name: 'Shop robot' } },
    ]);
  } finally {
    place.close();
  }
});

describe('with an initial access token', () => {
  beforeAll(async () => {
    await manage('PATCH', `/${org}`, { clientRegistration: 'token' });
    await eventually(isOpen);
  });

  it('DR-02 openid-client registers, and gets tokens as what it has registered', async () => {
    const config = await openid.dynamicClientRegistration(issuer, METADATA, undefined, {
      initialAccessToken: await newToken(),
      [openid.customFetch]: trusting,
    });
    expect(config.clientMetadata()).toMatchObject({ ...METADATA, client_secret_expires_at: 0 });
    expect((await openid.clientCredentialsGrant(config)).access_token).toEqual(expect.any(String));
  });

  it('DR-02 oauth4webapi registers', async () => {
    const http = { [oauth.customFetch]: trusting };
    const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, http));
    const options = { initialAccessToken: await newToken(), ...http };
    const client = await oauth.processDynamicClientRegistrationResponse(
      await oauth.dynamicClientRegistrationRequest(server, METADATA, options),
    );
    const auth = oauth.ClientSecretBasic(client.client_secret as string);
    const own = await oauth.clientCredentialsGrantRequest(server, client, auth, {}, http);
    expect(await oauth.processClientCredentialsResponse(server, client, own)).toHaveProperty('access_token');
  });

  it('DR-03 DR-07 both are told what was wrong', async () => {
    const refused = { ...METADATA, grant_types: ['password'] };
    const options = { initialAccessToken: await newToken(), [openid.customFetch]: trusting };
    await expect(openid.dynamicClientRegistration(issuer, refused, undefined, options)).rejects.toMatchObject({
      error: 'invalid_client_metadata',
      status: 400,
    });
    const without = { [openid.customFetch]: trusting };
    await expect(openid.dynamicClientRegistration(issuer, METADATA, undefined, without)).rejects.toMatchObject({
      status: 401,
      cause: [{ scheme: 'bearer', parameters: { realm: 'keyward' } }],
    });
  });
});
