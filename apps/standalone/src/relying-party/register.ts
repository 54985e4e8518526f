import { ApiError, path, type Api, type RelyingParty } from '@keyward/cli';
import { type ConsumerKey, type GeneratedKey } from '@keyward/contracts';

const APPLICATION = 'Demo relying party';

/** Makes the demo organization's public client for the page on `port`: on its user's device, like any native application. */
export async function registerRelyingParty(api: Api, organization: string, port: number): Promise<RelyingParty> {
  const url = `http://localhost:${port}`;
  const redirectUri = `${url}/callback`;
  await api.post(path`organizations/${organization}/applications`, { name: APPLICATION }).catch((error: unknown) => {
    if (!(error instanceof ApiError) || error.code !== 'conflict') throw error;
  });
  const keys = path`organizations/${organization}/applications/${APPLICATION}/keys`;
  const settings = {
    applicationType: 'native',
    grantTypes: ['authorization_code', 'refresh_token'],
    redirectUris: [redirectUri],
    postLogoutRedirectUris: [`${url}/`],
  };
  const known = (await api.list<ConsumerKey>(keys)).find((key) => key.public && key.state === 'active');
  if (known) {
    await api.patch(path`organizations/${organization}/keys/${known.consumerKey}`, settings);
    return { url, consumerKey: known.consumerKey, redirectUri };
  }
  const { key } = await api.post<GeneratedKey>(keys, { kind: 'production', public: true, ...settings });
  return { url, consumerKey: key.consumerKey, redirectUri };
}
