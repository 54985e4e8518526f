import type { Lane } from './turns';

/** Where requests of an API go: an origin, and what its paths begin with. */
export interface Upstream extends Lane {
  readonly origin: string;
  /** Empty, or from a slash on, without one at its end. */
  readonly base: string;
}

/** `undefined` for what is no HTTP URL. */
export function upstreamOf(
  url: string | undefined,
  { id, organizationId }: { id: string; organizationId: string },
): Upstream | undefined {
  if (!url || !URL.canParse(url)) return undefined;
  const { protocol, origin, pathname } = new URL(url);
  if (protocol !== 'http:' && protocol !== 'https:') return undefined;
  return { origin, base: pathname.replace(/\/+$/, ''), lane: `${id} ${origin}`, organizationId };
}
