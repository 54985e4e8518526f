import { ServiceError, type Organization, type RelyingParty } from '@keyward/contracts';
import { decodeJwt, errors } from 'jose';
import { isChallenge } from '../codes/pkce';
import { PASSWORD_ACR } from '../openid/acr';
import { readClaimsRequest, type ClaimsRequest } from '../openid/claims-request';
import { parseScope } from '../scope';
import { isRegistered } from './redirect-uri';
import { Refused, type ReturnTo } from './refused';

/** What a client asks for by way of a browser, RFC 6749 §4.1.1 and OpenID Connect Core 1.0 §3.1.2.1, checked. */
export interface AuthorizationRequest extends ReturnTo {
  party: RelyingParty;
  scope?: string[];
  nonce?: string;
  /** `S256`. */
  challenge?: string;
  /** The DPoP key that the code will be bound to (RFC 9449 §10). */
  jkt?: string;
  prompt: ReadonlySet<string>;
  /** Seconds since the sign-in at most. */
  maxAge?: number;
  loginHint?: string;
  idTokenHint?: string;
  claims?: ClaimsRequest;
  /** The session whose user has signed in for this very request, as far as that is kept. */
  signedInBy?: string;
}

type Params = Record<string, string>;

const PROMPTS = new Set(['none', 'login', 'consent', 'select_account']);
/** What is not served has an error of its own (OpenID Connect Core 1.0 §3.1.2.6). */
const NOT_SERVED = ['request', 'request_uri', 'registration'];
/** Longest values, in characters: they travel in URLs, and some are stored. */
const LONGEST = { state: 2000, nonce: 500, scope: 2000, login_hint: 384, id_token_hint: 4000, claims: 4000 };

/** The redirect URI of a request. Throws `Refused` for one that nobody is to be sent to (AZ-01). */
export function returnTo(params: Params, party: RelyingParty, organization: Organization): ReturnTo {
  const redirectUri = params['redirect_uri'];
  if (!redirectUri) throw new Refused('invalid_request', 'The redirect_uri is missing.');
  if (!isRegistered(redirectUri, party.redirectUris, party.applicationType))
    throw new Refused('invalid_request', 'The redirect_uri is not registered for this client.');
  const mode = params['response_mode'] === 'form_post' ? 'form_post' : 'query';
  const state = params['state'];
  const { trusted } = party;
  return { organization, redirectUri, mode, trusted, ...(state && state.length <= LONGEST.state ? { state } : {}) };
}

/** Everything else. Throws `Refused` with where to, for what the client did wrong (AZ-03). */
export function readRequest(params: Params, party: RelyingParty, to: ReturnTo): AuthorizationRequest {
  const refuse = (error: string, description: string): never => {
    throw new Refused(error, description, to);
  };
  for (const [name, longest] of Object.entries(LONGEST))
    if ((params[name]?.length ?? 0) > longest) refuse('invalid_request', `${name} is too long`);
  for (const name of NOT_SERVED) if (params[name]) refuse(`${name}_not_supported`, `${name} is not supported`);
  const mode = params['response_mode'];
  if (mode && mode !== 'query' && mode !== 'form_post')
    refuse('invalid_request', 'this response_mode is not supported');
  const type = params['response_type'];
  if (!type) refuse('invalid_request', 'response_type is missing');
  if (type !== 'code') refuse('unsupported_response_type', 'the response_type must be code');
  if (!party.client.grantTypes.includes('authorization_code'))
    refuse('unauthorized_client', 'the client is not authorized to use authorization codes');
  const prompt = new Set(params['prompt']?.split(' '));
  for (const each of prompt) if (!PROMPTS.has(each)) refuse('invalid_request', 'this prompt is not supported');
  if (prompt.has('none') && prompt.size > 1) refuse('invalid_request', 'prompt none goes with no other');
  const maxAge = params['max_age'];
  if (maxAge && !/^\d{1,9}$/.test(maxAge)) refuse('invalid_request', 'max_age must be a number of seconds');
  return {
    ...to,
    party,
    scope: scopeOf(params, refuse),
    claims: claimsOf(params, refuse),
    nonce: params['nonce'],
    challenge: challengeOf(params, isPkceRequired(party, to.organization), refuse),
    jkt: thumbprintOf(params, refuse),
    prompt,
    maxAge: maxAge ? Number(maxAge) : undefined,
    loginHint: params['login_hint'],
    idTokenHint: hintOf(params, party, refuse),
  };
}

type Refuse = (error: string, description: string) => never;

function scopeOf(params: Params, refuse: Refuse): string[] | undefined {
  try {
    return parseScope(params['scope']);
  } catch (error) {
    if (error instanceof ServiceError) return refuse(error.code, 'the scope is malformed');
    throw error;
  }
}

/** OC-09: what another client was told of a user is not confirmed to one with pairwise subjects. Whose a hint really is, is proven later. */
function hintOf({ id_token_hint: hint }: Params, { client }: RelyingParty, refuse: Refuse): string | undefined {
  if (!hint || client.subjectType === 'public' || audienceOf(hint) === client.clientId) return hint;
  return refuse('login_required', 'the id_token_hint is no ID token of this client');
}

function audienceOf(token: string): unknown {
  try {
    return decodeJwt(token).aud;
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}

/** OC-07: an essential class of sign-in that nobody can reach here is not silently left out (OpenID Connect Core 1.0 §5.5.1.1). */
function claimsOf({ claims: text }: Params, refuse: Refuse): ClaimsRequest | undefined {
  if (!text) return undefined;
  try {
    const claims = readClaimsRequest(text);
    if (claims.essentialAcr && !claims.essentialAcr.includes(PASSWORD_ACR))
      return refuse('unmet_authentication_requirements', 'no such acr is reached here');
    return claims;
  } catch (error) {
    if (error instanceof ServiceError) return refuse(error.code, error.description ?? 'the claims are malformed');
    throw error;
  }
}

/** RFC 9449 §10: `dpop_jkt`. */
function thumbprintOf({ dpop_jkt: jkt }: Params, refuse: Refuse): string | undefined {
  return !jkt || /^[\w-]{43}$/.test(jkt) ? jkt : refuse('invalid_request', 'dpop_jkt must be a SHA-256 thumbprint');
}

/** RFC 9700 §2.1.1: of every client, unless its organization knows some that cannot. */
const isPkceRequired = ({ client }: RelyingParty, { pkce }: Organization): boolean => client.public || pkce === 'all';

/** PK-04, PK-05, PK-06. Without a challenge there must be no verifier later (PK-03). */
function challengeOf(params: Params, isRequired: boolean, refuse: Refuse): string | undefined {
  const { code_challenge: challenge, code_challenge_method: method } = params;
  if (!challenge && !method && !isRequired) return undefined;
  if (!challenge) return refuse('invalid_request', 'code_challenge is missing (RFC 7636)');
  if (method !== 'S256') return refuse('invalid_request', 'code_challenge_method must be S256');
  if (!isChallenge(challenge)) return refuse('invalid_request', 'code_challenge is malformed');
  return challenge;
}
