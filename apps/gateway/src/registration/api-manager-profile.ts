import type { RegisterOwnedClient } from '@keyward/contracts';
import { Refusal } from '../http/refusal';

/** What API Manager's registration takes that is known here too; the others of its grants are left out. */
const GRANTS = new Set([
  ...['password', 'client_credentials', 'refresh_token', 'authorization_code'],
  ...['urn:ietf:params:oauth:grant-type:jwt-bearer', 'urn:ietf:params:oauth:grant-type:device_code'],
]);
const KINDS: Readonly<Record<string, RegisterOwnedClient['kind']>> = { production: 'production', sandbox: 'sandbox' };

/** API Manager's registration profile, as far as it says what a client is. */
export type Profile = Pick<RegisterOwnedClient, 'name' | 'kind' | 'grantTypes' | 'redirectUris'>;

/**
 * `{"clientName", "callbackUrl", "tokenScope", "owner", "grantType", "saasApp"}`; the owner is whoever asks. Whether users of other
 * organizations may sign in (`saasApp`) is the operator's to say here. Throws a `Refusal` of 400.
 */
export function readProfile(body: unknown, username: string): Profile {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw invalid('The profile is no JSON object');
  const profile = body as Record<string, unknown>;
  const name = textOf(profile, 'clientName');
  if (name === '') throw invalid('clientName is missing');
  const owner = textOf(profile, 'owner') || username;
  if (owner.toLowerCase() !== username.toLowerCase())
    throw invalid('The logged in user and the application owner should be the same');
  const kind = KINDS[(textOf(profile, 'tokenScope') || 'production').toLowerCase()];
  if (!kind) throw invalid('tokenScope must be Production or Sandbox');
  const asked = textOf(profile, 'grantType').split(' ').filter(Boolean);
  const grantTypes = [...new Set(asked)].filter((grant) => GRANTS.has(grant));
  if (grantTypes.length === 0) throw invalid('grantType has none that is served here');
  const callback = textOf(profile, 'callbackUrl');
  // Where no code is sent there, it is a form's leftover: documents give one that is no URL.
  const isUsed = grantTypes.includes('authorization_code') && callback !== '';
  if (grantTypes.includes('authorization_code') && !isUsed)
    throw invalid('The callback url must have at least one URI value when using Authorization code grant type.');
  return { name, kind, grantTypes, redirectUris: isUsed ? [callback] : [] };
}

function textOf(profile: Record<string, unknown>, name: string): string {
  const value = Object.hasOwn(profile, name) ? (profile[name] ?? '') : '';
  if (typeof value !== 'string' || value.length > 200 || /[\p{Cc}\p{Cs}]/u.test(value))
    throw invalid(`${name} must be a text of 200 characters at most`);
  return value;
}

const invalid = (description: string) => new Refusal(400, 'invalid_request', description);
