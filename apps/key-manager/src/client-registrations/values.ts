import { ServiceError } from '@keyward/contracts';

/** Client metadata as it came. */
export type Metadata = Record<string, unknown>;

export const invalidMetadata = (description: string): ServiceError =>
  new ServiceError('invalid_client_metadata', description);

/** A member, or `undefined`: RFC 7592 §2.2 takes `null` for what is left out. */
const valueOf = (metadata: Metadata, name: string): unknown =>
  Object.hasOwn(metadata, name) ? (metadata[name] ?? undefined) : undefined;

/** A text without control characters. Throws `invalid_client_metadata`. */
export function textOf(metadata: Metadata, name: string, longest = 1000): string | undefined {
  const value = valueOf(metadata, name);
  if (value === undefined) return undefined;
  if (!isText(value, longest)) throw invalidMetadata(`${name} must be a text of ${longest} characters at most`);
  return value;
}

/** Different texts. Throws `invalid_client_metadata`. */
export function textsOf(metadata: Metadata, name: string, most = 50): string[] | undefined {
  const value = valueOf(metadata, name);
  if (value === undefined) return undefined;
  const isList = Array.isArray(value) && value.length <= most && value.every((each) => isText(each, 1000));
  if (!isList) throw invalidMetadata(`${name} must be a list of ${most} texts at most`);
  return [...new Set(value)];
}

/** Throws `invalid_client_metadata`. */
export function switchOf(metadata: Metadata, name: string): boolean {
  const value = valueOf(metadata, name) ?? false;
  if (typeof value !== 'boolean') throw invalidMetadata(`${name} must be true or false`);
  return value;
}

/** Throws `invalid_client_metadata`. */
export function objectOf(metadata: Metadata, name: string): object | undefined {
  const value = valueOf(metadata, name);
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || Array.isArray(value)) throw invalidMetadata(`${name} must be an object`);
  return value as object;
}

/** One of some texts. Throws `invalid_client_metadata`. */
export function choiceOf<T extends string>(metadata: Metadata, name: string, choices: readonly T[]): T | undefined {
  const value = valueOf(metadata, name);
  if (value === undefined) return undefined;
  if (!choices.includes(value as T)) throw invalidMetadata(`${name} must be one of: ${choices.join(', ')}`);
  return value as T;
}

/** Several of some texts. Throws `invalid_client_metadata`. */
export function choicesOf<T extends string>(metadata: Metadata, name: string, choices: readonly T[]): T[] | undefined {
  const values = textsOf(metadata, name);
  const other = values?.find((value) => !choices.includes(value as T));
  if (other !== undefined) throw invalidMetadata(`${name} may have: ${choices.join(', ')}`);
  return values as T[] | undefined;
}

/** What is not shown, or shows other text in another order; joiners belong to the writing of some languages. */
const UNSEEN = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]|(?![\u200c\u200d])\p{Cf}/u;
const SEEN = /[\p{L}\p{N}\p{P}\p{S}]/u;

const isText = (value: unknown, longest: number): value is string =>
  typeof value === 'string' && value.length <= longest && SEEN.test(value) && !UNSEEN.test(value);

/** Settings are called as in the management API, metadata as in RFC 7591. */
const inMetadata = (description: string): string =>
  description.replace(/\b[a-z]+(?:[A-Z][a-z]*)+\b/g, (name) => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`));

/** Does what refuses settings in its own words. Throws `invalid_client_metadata` for them. */
export async function asMetadataError<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof ServiceError && error.code === 'invalid_request'
      ? invalidMetadata(inMetadata(error.description ?? ''))
      : error;
  }
}
