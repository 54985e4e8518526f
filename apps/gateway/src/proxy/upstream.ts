/** Where requests go: an origin, and what its paths begin with. */
export interface Upstream {
  readonly origin: string;
  /** Empty, or from a slash on, without one at its end. */
  readonly base: string;
}

/** `undefined` for what is no HTTP URL. */
export function upstreamOf(url: string | undefined): Upstream | undefined {
  if (!url || !URL.canParse(url)) return undefined;
  const { protocol, origin, pathname } = new URL(url);
  if (protocol !== 'http:' && protocol !== 'https:') return undefined;
  return { origin, base: pathname.replace(/\/+$/, '') };
}
