/** A request target that has one meaning, for the gateway and for whatever is behind it. */
export interface Target {
  /** Canonical: every character that a segment may have as itself is written so, the rest as `%XX` of its UTF-8. */
  path: string;
  /** With its `?`, as it came; empty without one. */
  query: string;
}

/** RFC 3986 §3.3: characters of a segment, without `;`, which servers cut segments at (CVE-2025-5605). */
const PLAIN = "\\w~!$&'()*+,=:@.-";
/** What most requests are: nothing to decode, no empty and no dot segment, but for a slash at the end. */
const CANONICAL = new RegExp(`^(?:/(?!\\.{1,2}(?:/|$))[${PLAIN}]+)*/?$`);
/** The same with escapes, and with what the segments still have to be looked at for. */
const WELL_FORMED = new RegExp(`^(?:/(?:[${PLAIN}]|%[0-9A-Fa-f]{2})+)*/?$`);
/** RFC 3986 §3.4: `pchar`, `/` and `?`, and what browsers leave as it is there (WHATWG URL §4.1, query state). */
const QUERY = /^[\x21\x22\x24-\x7e]*$/;
const LONGEST = 8192;

/**
 * The canonical form of a request target (RS-05). `undefined` for all that two servers could read in two ways: dot
 * segments, empty ones, `;`, a backslash, an encoded slash, doubly encoded escapes, control characters, what is not UTF-8.
 */
export function canonicalTarget(target: string): Target | undefined {
  if (target.length > LONGEST) return undefined;
  const end = target.indexOf('?');
  const path = end < 0 ? target : target.slice(0, end);
  const query = end < 0 ? '' : target.slice(end);
  if (query !== '' && !QUERY.test(query)) return undefined;
  const canonical = CANONICAL.test(path) ? path : canonicalPath(path);
  return canonical ? { path: canonical, query } : undefined;
}

/** The same for a path alone, and for the templates that paths are compared with. */
export function canonicalPath(path: string): string | undefined {
  if (!WELL_FORMED.test(path)) return undefined;
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    const canonical = segment.includes('%') ? canonicalSegment(segment) : segment;
    if (canonical === undefined || canonical === '.' || canonical === '..') return undefined;
    segments.push(canonical);
  }
  return segments.join('/');
}

function canonicalSegment(segment: string): string | undefined {
  let text: string;
  try {
    text = decodeURIComponent(segment);
  } catch {
    return undefined; // not UTF-8, an overlong form among it
  }
  // Compatibility forms (U+FF0F, U+2024) become slashes and dots in servers that normalize.
  if (isHostile(text) || isHostile(text.normalize('NFKC'))) return undefined;
  // What encodeURIComponent leaves is plain; of what it encodes, these may stand for themselves.
  return encodeURIComponent(text).replace(/%(?:24|26|2B|2C|3A|3D|40)/g, decodeURIComponent);
}

/** Slashes, what cuts a segment short, control characters, and escapes that a second decoding would see. */
const isHostile = (text: string): boolean =>
  /[\x00-\x1f\x7f-\x9f/\\;]|%[0-9A-Fa-f]{2}/.test(text) || text === '.' || text === '..';
