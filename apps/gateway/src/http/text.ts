/**
 * Whether a text can be kept and said again as it is: PostgreSQL's text has no NUL, and half of a surrogate pair is no
 * character of UTF-8 (RFC 8259 §8.2).
 */
export const isPlainText = (text: string): boolean => !text.includes('\0') && isWellFormed(text);

const isWellFormed = (text: string): boolean => !/\p{Cs}/u.test(text);

/** Whether all texts of a JSON value are such, its names as well; a password may be anything that can be hashed. */
export function hasPlainTexts(value: unknown, name = ''): boolean {
  if (typeof value === 'string') return name === 'password' ? isWellFormed(value) : isPlainText(value);
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([key, each]) => isPlainText(key) && hasPlainTexts(each, key));
}
