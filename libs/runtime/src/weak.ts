import { registerDecorator } from 'class-validator';

/** Values that installation guides and examples print, ours and API Manager's; compared in lower case. */
const KNOWN = [
  'admin',
  'changeme',
  'changeit',
  'change-me',
  'default',
  'example',
  'keyward',
  'nats',
  'password',
  'postgres',
  'root',
  'secret',
  'test',
  'wso2carbon',
];

/** Whether a secret is empty, a known default (also repeated, or with digits behind it), or of one character. */
export function isWeak(secret: string): boolean {
  const plain = secret.toLowerCase().replace(/[\d!._-]+$/, '');
  return new Set(secret).size < 2 || KNOWN.some((known) => plain === known || plain.replaceAll(known, '') === '');
}

/** A secret that no guide prints. */
export function IsNotWeak() {
  return (prototype: object, propertyName: string): void =>
    registerDecorator({
      name: 'isNotWeak',
      target: prototype.constructor,
      propertyName,
      validator: {
        validate: (value) => typeof value === 'string' && !isWeak(value),
        defaultMessage: () => 'must not be a known default',
      },
    });
}

/** 32 bytes from base64 or base64url. Throws what is expected. */
export function keyOf32Bytes(written: unknown): Buffer {
  const text = typeof written === 'string' ? written.trim() : '';
  const key = Buffer.from(text, 'base64');
  if (!/^[\w+/-]{43}=?$/.test(text) || key.length !== 32) throw new Error('must be 32 bytes in base64');
  if (isPatterned(key)) throw new Error('must be random');
  return key;
}

/** Several of them, separated by commas or white space; none is fine. Throws what is expected. */
export const keysOf32Bytes = (written: unknown): Buffer[] =>
  String(written)
    .split(/[\s,]+/)
    .filter((key) => key !== '')
    .map(keyOf32Bytes);

/** A random key has some 30 different bytes and as many different steps; zeros and 0, 1, 2 … have one. */
function isPatterned(key: Buffer): boolean {
  const steps = [...key].map((byte, index) => (byte - (key[index - 1] ?? 0)) & 255);
  return Math.min(new Set(key).size, new Set(steps).size) < 16;
}
