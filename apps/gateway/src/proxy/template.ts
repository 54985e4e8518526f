import { canonicalPath } from './path';

/** Stands for a variable in a canonical template: no canonical path has a brace. */
export const VARIABLE = '{}';
/** What the variables are while the text around them is made canonical. */
const STAND_IN = '~variable~';

/**
 * A URI template in the form of the paths that it is compared with, its variables without their names. `undefined` for one
 * that no path can match.
 */
export function canonicalTemplate(template: string): string | undefined {
  if (template.includes(STAND_IN)) return undefined;
  const path = canonicalPath(encodePlain(template.replace(/\{[^{}/]+\}/g, STAND_IN)));
  return path?.replaceAll(STAND_IN, VARIABLE);
}

/** Templates are also written with characters that a path has to encode; a lone surrogate becomes U+FFFD. */
const encodePlain = (template: string): string =>
  template.replace(/[^\x21-\x7e]+/g, (text) => encodeURIComponent(Buffer.from(text).toString()));
