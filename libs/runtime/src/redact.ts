import { TOKEN_PREFIXES } from '@keyward/contracts';

/** Names whose values never reach a log, whatever their case and separators. */
const SECRET_NAMES =
  /^(x?apikey|(proxy)?authorization|(set)?cookie|jwt|dpop|otp|(.*code)?verifier|(user|device|.*recovery)code|keyencryptionkey|.*privatekey|.*(assertion|password|passwd|passphrase|secret|token|credential)s?)$/;
/** What a `code` may be and be shown: that of an error. An authorization code is of another form. */
const ERROR_CODE = /^([a-z_]{1,40}|[A-Z][A-Z\d_]{1,40}|\d{1,6})$/;

/** Secrets inside a text: credentials of HTTP and of URLs, JWTs, our tokens, parameters of a form, members of JSON. */
const SECRETS_IN_TEXT: readonly [RegExp, string][] = [
  [/\b([Bb]asic|[Bb]earer|DPoP)\s+(?=\S*[A-Z\d=])[\w+/=.~-]{6,}/g, '$1 [redacted]'],
  [/\b(\w+:\/\/)\S*@/g, '$1[redacted]@'],
  [/\beyJ[\w-]+\.[\w-]*\.[\w-]*/g, '[redacted]'],
  [new RegExp(`\\b(?:${Object.keys(TOKEN_PREFIXES).join('|')})_[\\w-]+`, 'g'), '[redacted]'],
  [/\b(\w*(?:password|secret|token|assertion))(=|"\s*:\s*")[^&\s"]+/gi, '$1$2[redacted]'],
];

const REDACTED = '[redacted]';
const DEEPEST = 8;

/** A copy of what is logged, without its secrets. Errors become their type, message, code, stack and cause. */
export function redact(value: unknown, depth = 0, seen = new Set<object>()): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (value instanceof Uint8Array) return `[${value.length} bytes]`;
  if (value instanceof URL) return redactText(value.href);
  if (depth === DEEPEST || seen.has(value)) return '[…]';
  seen.add(value);
  const inner = (item: unknown) => redact(item, depth + 1, seen);
  if (Array.isArray(value)) return value.map(inner);
  const entries = Object.entries(value instanceof Error ? partsOf(value) : value) as [string, unknown][];
  return Object.fromEntries(entries.map(([name, item]) => [name, isSecret(name, item) ? REDACTED : inner(item)]));
}

/** A text without the secrets that can be told by their form. */
export function redactText(text: string): string {
  return SECRETS_IN_TEXT.reduce((result, [secret, put]) => result.replace(secret, put), text);
}

function isSecret(name: string, value: unknown): boolean {
  // Whether it was there at all may be seen.
  if (value === undefined || value === null || typeof value === 'boolean') return false;
  const plain = name.toLowerCase().replace(/[^a-z]/g, '');
  if (plain !== 'code') return SECRET_NAMES.test(plain);
  return typeof value !== 'number' && !(typeof value === 'string' && ERROR_CODE.test(value));
}

// What else an error of a library carries (SQL with its parameters, requests) may hold anything.
const partsOf = (error: Error & { code?: unknown }) => ({
  type: error.name,
  message: error.message,
  ...(typeof error.code === 'string' && { code: error.code }),
  stack: error.stack,
  ...(error.cause !== undefined && { cause: error.cause }),
});
