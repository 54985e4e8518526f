import { isUtf8 } from 'node:buffer';
import { ServiceError } from '@keyward/contracts';
import type { FastifyRequest } from 'fastify';

const MAX_PARAMETERS = 100;
/** RFC 8707 §2 and RFC 8693 §2.1 let these repeat: all their values are kept, with a space between. */
const LISTS = new Set(['resource', 'audience']);
/** What RFC 6749 §2.3.1 forbids in the request URI, and what else belongs into the form alone. */
const FORM_ONLY = new Set([
  'access_token',
  'actor_token',
  'assertion',
  'client_assertion',
  'client_assertion_type',
  'client_id',
  'client_secret',
  'code',
  'code_verifier',
  'device_code',
  'grant_type',
  'password',
  'refresh_token',
  'scope',
  'subject_token',
  'token',
  'token_type_hint',
  'username',
]);

/** The bytes of a form that was posted as RFC 6749 §3.2 says. Throws `invalid_request`. */
export function formOf(request: FastifyRequest): Buffer {
  const { raw } = request;
  const body = pageFormOf(request);
  const query = raw.url?.indexOf('?') ?? -1;
  if (query >= 0)
    for (const name of new URLSearchParams(raw.url?.slice(query)).keys())
      if (FORM_ONLY.has(name))
        throw new ServiceError('invalid_request', `${name} must not be in the URL`, { reason: 'parameter_in_url' });
  return body;
}

/** The same at a page, whose URL carries the authorization request. */
export function pageFormOf({ body }: FastifyRequest): Buffer {
  if (Buffer.isBuffer(body)) return body;
  const description = 'the content type must be application/x-www-form-urlencoded';
  throw new ServiceError('invalid_request', description, { reason: 'content_type' });
}

/** The client that a form names, once, whatever else is wrong with it. */
export function clientIn({ body }: FastifyRequest): string | undefined {
  if (!Buffer.isBuffer(body)) return undefined;
  const [clientId, again] = new URLSearchParams(body.toString('latin1')).getAll('client_id');
  return again === undefined ? clientId : undefined;
}

/**
 * The parameters of a form. RFC 6749 §3.2: one without a value is as if it were left out, none may be there twice. Bytes
 * that are not UTF-8 and percent signs that encode nothing are refused rather than replaced; so is NUL, which nothing but a
 * password may have in it.
 */
export function parseForm(form: Buffer): Record<string, string> {
  if (!isUtf8(form)) throw malformed();
  const params = new Map<string, string>();
  const pairs = form.toString('utf8').split('&', MAX_PARAMETERS + 1);
  if (pairs.length > MAX_PARAMETERS) throw new ServiceError('invalid_request', 'too many parameters');
  for (const pair of pairs) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decode(equals < 0 ? pair : pair.slice(0, equals));
    if (params.has(name) && !LISTS.has(name))
      throw new ServiceError('invalid_request', 'a parameter is repeated', { reason: 'parameter_repeated' });
    const value = equals < 0 ? '' : decode(pair.slice(equals + 1));
    if (name.includes('\0') || (name !== 'password' && value.includes('\0'))) throw malformed();
    const before = LISTS.has(name) ? params.get(name) : undefined;
    params.set(name, before ? `${before} ${value}`.trimEnd() : value);
  }
  // Without a prototype: a parameter may have any name.
  const present = Object.create(null) as Record<string, string>;
  for (const [name, value] of params) if (value !== '') present[name] = value;
  return present;
}

/** WHATWG URL §5.1, except that it does not guess. */
function decode(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  return spaced.includes('%') ? decodeOrRefuse(spaced) : spaced;
}

function decodeOrRefuse(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw malformed();
  }
}

const malformed = () => new ServiceError('invalid_request', 'the form is malformed');
