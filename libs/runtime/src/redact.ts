/** Names whose values never reach a log, whatever their case and separators. */
const SECRET_NAMES =
  /^(x?apikey|authorization|proxyauthorization|cookie|setcookie|jwt|dpop|assertion|otp|code|codeverifier|usercode|devicecode|keyencryptionkey|privatekey|.*(password|passwd|passphrase|secret|token|credentials))$/;

/** Secrets inside a text: credentials of HTTP and of URLs, JWTs, our tokens, parameters of a form, members of JSON. */
const SECRETS_IN_TEXT: readonly [RegExp, string][] = [
  [/\b(Basic|Bearer|DPoP)\s+[\w+/=.~-]{6,}/gi, '$1 [redacted]'],
  [/\b(\w+:\/\/[^\s:/@]*):[^\s/]+@/g, '$1:[redacted]@'],
  [/\beyJ[\w-]+\.[\w-]*\.[\w-]*/g, '[redacted]'],
  [/\bk[ar]t_[\w-]+/g, '[redacted]'],
  [/\b(\w*(?:password|secret|token|assertion))(=|"\s*:\s*")[^&\s"]+/gi, '$1$2[redacted]'],
];

const REDACTED = '[redacted]';
const DEEPEST = 8;

/** A copy of what is logged, without its secrets. Errors become their type, message, code, stack and cause. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (depth === DEEPEST) return '[deeper]';
  if (value instanceof Uint8Array) return `[${value.length} bytes]`;
  if (value instanceof Error) return redact(partsOf(value), depth);
  if (value instanceof URL) return redactText(value.href);
  if (Array.isArray(value)) return value.map((item) => redact(item, depth + 1));
  const entries = value instanceof Map ? [...(value as Map<string, unknown>)] : Object.entries(value);
  return Object.fromEntries(
    entries.map(([name, item]) => [name, isSecretName(name) ? hide(item) : redact(item, depth + 1)]),
  );
}

/** A text without the secrets that can be told by their form. */
export function redactText(text: string): string {
  return SECRETS_IN_TEXT.reduce((result, [secret, put]) => result.replace(secret, put), text);
}

const isSecretName = (name: string): boolean =>
  SECRET_NAMES.test(
    String(name)
      .toLowerCase()
      .replace(/[^a-z]/g, ''),
  );

/** Whether it was there at all may be seen. */
const hide = (value: unknown): unknown => (value === undefined || value === null ? value : REDACTED);

// What else an error of a library carries (SQL with its parameters, requests) may hold anything.
const partsOf = (error: Error & { code?: unknown; detail?: unknown }) => ({
  type: error.name,
  message: error.message,
  ...(typeof error.code === 'string' && { errorCode: error.code }),
  stack: error.stack,
  ...(error.cause !== undefined && { cause: error.cause }),
});
