/** Longer ones name no page that a key is for; browsers send 4 KiB at most, and other sites' pages without their path. */
const LONGEST = 2048;

/** A pattern as pages are compared with it: the texts between the `*` of its host, and of its path. */
export interface Referrer {
  readonly host: readonly string[];
  readonly path: readonly string[];
}

/** `*` stands for anything but a host's end; a host alone for all of its pages. Hosts have no case. */
export function referrerOf(pattern: string): Referrer {
  const end = pattern.indexOf('/');
  const host = end < 0 ? pattern : pattern.slice(0, end);
  const path = end < 0 ? '/*' : pattern.slice(end);
  return { host: host.toLowerCase().split('*'), path: path.split('*') };
}

/** Whether a `Referer` is of a page that one of the patterns means. */
export function isAmong(referrers: readonly Referrer[], referer: string | undefined): boolean {
  if (!referer || referer.length > LONGEST || !URL.canParse(referer)) return false;
  const { protocol, host, pathname } = new URL(referer);
  return (
    /^https?:$/.test(protocol) &&
    referrers.some((referrer) => consistsOf(host, referrer.host) && consistsOf(pathname, referrer.path))
  );
}

/**
 * Whether a text is these texts in this order, with anything between each two (abuse 48: whoever makes patterns makes no work, as
 * each text is looked for once: its first place leaves the most to those behind it).
 */
function consistsOf(text: string, parts: readonly string[]): boolean {
  const first = parts[0] ?? '';
  if (parts.length === 1) return text === first;
  const last = parts.at(-1) ?? '';
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (let n = 1; n < parts.length - 1; n++) {
    const part = parts[n] ?? '';
    at = text.indexOf(part, at);
    if (at < 0) return false;
    at += part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}
