import { ServiceError } from '@keyward/contracts';
import { readMetadata } from './metadata';
import { asMetadataError, type Metadata } from './values';

const TOKEN = { by: 'token', highAssurance: false } as const;
const web = { redirect_uris: ['https://app.example/callback'] };
const settingsOf = (metadata: Metadata) => readMetadata(metadata, TOKEN).settings;

function refusalOf(metadata: Metadata, by: Parameters<typeof readMetadata>[1] = TOKEN): string | undefined {
  try {
    readMetadata(metadata, by);
    return undefined;
  } catch (error) {
    if (error instanceof ServiceError) return error.code;
    throw error;
  }
}

it('DR-04 has the defaults of RFC 7591 §2', () => {
  expect(settingsOf(web)).toMatchObject({
    tokenEndpointAuthMethod: 'client_secret_basic',
    grantTypes: ['authorization_code'],
    applicationType: 'web',
    idTokenSignedResponseAlg: 'RS256',
    userinfoSignedResponseAlg: null,
  });
});

it('DR-04 leaves out what is unknown, and what is null', () => {
  const unknown = { ...web, 'client_name#de': 'Laden', x: { y: 1 }, jwks_uri: null, __proto__: null, constructor: 'x' };
  expect(readMetadata(unknown, TOKEN)).toEqual(readMetadata(web, TOKEN));
});

it.each([
  [{ grant_types: ['authorization_code'], response_types: [] }],
  [{ grant_types: ['client_credentials'], response_types: ['code'] }],
  [{ response_types: ['token'] }],
  [{ response_types: ['code id_token'] }],
  [{ grant_types: ['implicit'] }],
  [{ grant_types: [] }],
  [{ grant_types: 'authorization_code' }],
])('DR-04 %j is not consistent, or not served', (metadata) => {
  expect(refusalOf({ ...web, ...metadata })).toBe('invalid_client_metadata');
});

it('DR-04 response_types follow from grant_types where they are left out', () => {
  expect(settingsOf({ grant_types: ['client_credentials'] }).grantTypes).toEqual(['client_credentials']);
  expect(settingsOf({ ...web, response_types: ['code'] }).grantTypes).toEqual(['authorization_code']);
});

it.each([
  'http://app.example/callback',
  'https://app.example/callback#fragment',
  'javascript:alert(1)',
  'data:text/html,x',
  'https://*.example/callback',
  'https://app.example/../callback',
  'https://user@app.example/',
  'com.example.app:/callback',
  '/callback',
])('DR-03 %s is an invalid_redirect_uri', (uri) => {
  expect(refusalOf({ redirect_uris: [uri] })).toBe('invalid_redirect_uri');
});

it('DR-03 so is none where codes are to be sent somewhere', () => {
  expect(refusalOf({})).toBe('invalid_redirect_uri');
  expect(refusalOf({ redirect_uris: [] })).toBe('invalid_redirect_uri');
});

it.each([
  [{ redirect_uris: 'https://app.example/' }],
  [{ redirect_uris: [7] }],
  [{ redirect_uris: Array.from({ length: 51 }, (_, i) => `https://app.example/${i}`) }],
  [{ client_name: 'x'.repeat(201) }],
  [{ client_name: 'a\u0000b' }],
  [{ client_name: '' }],
  [{ client_name: 'Portal\u202e\u2066' }],
  [{ client_name: 'Portal\u200b' }],
  [{ client_name: '\u00a0'.repeat(180) }],
  [{ client_uri: 'javascript:alert(1)' }],
  [{ contacts: 'ops@app.example' }],
  [{ application_type: 'browser' }],
  [{ token_endpoint_auth_method: 'client_secret_jwt' }],
  [{ jwks: { keys: [] }, jwks_uri: 'https://app.example/jwks' }],
  [{ jwks: 'keys' }],
  [{ id_token_signed_response_alg: 'none' }],
  [{ id_token_signed_response_alg: 'HS256' }],
  [{ userinfo_signed_response_alg: 'ES512' }],
  [{ id_token_encrypted_response_alg: 'RSA-OAEP' }],
  [{ request_object_signing_alg: 'RS256' }],
  [{ require_signed_request_object: true }],
  [{ subject_type: 'private' }],
  [{ dpop_bound_access_tokens: 'yes' }],
  [{ dpop_bound_access_tokens: true, tls_client_certificate_bound_access_tokens: true }],
  [{ scope: 'a  b' }],
  [{ scope: 7 }],
])('DR-03 %j is invalid_client_metadata', (metadata) => {
  expect(refusalOf({ ...web, ...metadata })).toBe('invalid_client_metadata');
});

it('DR-03 a software statement is approved by nobody here', () => {
  expect(refusalOf({ ...web, software_statement: 'a.b.c' })).toBe('unapproved_software_statement');
  expect(refusalOf({ ...web, software_statement: 'x' })).toBe('invalid_software_statement');
  expect(refusalOf({ ...web, software_statement: { a: 1 } })).toBe('invalid_client_metadata');
});

it.each([
  [{ grant_types: ['password'] }],
  [{ grant_types: ['urn:ietf:params:oauth:grant-type:token-exchange'] }],
  [{ grant_types: ['urn:ietf:params:oauth:grant-type:jwt-bearer'] }],
  [{ grant_types: ['client_credentials'], token_endpoint_auth_method: 'none' }],
  [{ scope: 'openid keyward:manage' }],
])('DR-05 %j never comes by registration', (metadata) => {
  expect(refusalOf({ ...web, ...metadata })).toBe('invalid_client_metadata');
});

it.each(['client_credentials', 'urn:ietf:params:oauth:grant-type:device_code'])(
  'DR-01 %s is not for clients that anyone could register',
  (grant) => {
    expect(refusalOf({ grant_types: [grant] })).toBeUndefined();
    expect(refusalOf({ grant_types: [grant] }, { by: 'open', highAssurance: false })).toBe('invalid_client_metadata');
  },
);

it('takes clients with keys of their own alone where the organization wants that', () => {
  const assured = { by: 'token', highAssurance: true } as const;
  expect(refusalOf(web, assured)).toBe('invalid_client_metadata');
  expect(refusalOf({ ...web, token_endpoint_auth_method: 'none' }, assured)).toBe('invalid_client_metadata');
  expect(refusalOf({ ...web, token_endpoint_auth_method: 'private_key_jwt' }, assured)).toBeUndefined();
});

it('X-09 knows the pages of a client without a secret by where its users come back to', () => {
  const uris = ['https://app.example/a', 'https://app.example/b', 'http://localhost:3000/', 'https://b.example:8443/'];
  const origins = (more: Metadata) => settingsOf({ redirect_uris: uris, ...more }).allowedOrigins;
  expect(origins({ token_endpoint_auth_method: 'none' })).toEqual(['https://app.example', 'https://b.example:8443']);
  expect(origins({})).toBeUndefined();
  expect(origins({ token_endpoint_auth_method: 'none', application_type: 'native' })).toBeUndefined();
});

it('keeps what it says of itself, and its bindings', () => {
  const about = { client_name: 'Shop', client_uri: 'https://app.example/', contacts: ['ops@app.example'] };
  const read = readMetadata({ ...web, ...about, dpop_bound_access_tokens: true }, TOKEN);
  expect(read).toMatchObject({ about, settings: { tokenBinding: 'dpop' } });
});

it('DR-03 what is wrong is called as the client called it', async () => {
  const refuse = () => {
    throw new ServiceError('invalid_request', 'sectorIdentifierUri must be an https URL');
  };
  const error = { code: 'invalid_client_metadata', description: 'sector_identifier_uri must be an https URL' };
  await expect(asMetadataError(refuse)).rejects.toMatchObject(error);
});
