import type { FastifyInstance } from 'fastify';
import { Refusal } from './refusal';

/** The route of every path that is none of Keyward's own. */
export const PROXIED = '/*';

/** Whether a route, if there is one, is none of Keyward's own. */
export const isProxied = (url: string | undefined): boolean => url === undefined || url === PROXIED;

/** Remembers what is served, to answer what is not: 405 with `Allow` for a known path (RFC 9110 §15.5.6), else 404. */
export class Routes {
  private readonly methods = new Map<string, { path: RegExp; methods: Set<string> }>();

  watch(fastify: FastifyInstance): void {
    fastify.addHook('onRoute', ({ url, method }) => {
      if (isProxied(url)) return;
      const known = this.methods.get(url) ?? { path: patternOf(url), methods: new Set() };
      // A browser's preflight is no use of a path: it is not among what is allowed.
      for (const each of [method].flat()) if (each !== 'OPTIONS') known.methods.add(each);
      this.methods.set(url, known);
    });
  }

  /** For what no route has taken. */
  refusal(target: string, method: string): Refusal {
    return this.ownRefusal(target, method) ?? new Refusal(404, 'not_found');
  }

  /** The same for Keyward's own paths alone. */
  ownRefusal(target: string, method: string): Refusal | undefined {
    const path = target.split('?')[0] ?? '';
    const allowed = [...this.methods.values()].filter((known) => known.path.test(path));
    if (allowed.length === 0) return undefined;
    // One that is served and was not taken has a parameter that is too long.
    if (allowed.some(({ methods }) => methods.has(method))) return new Refusal(404, 'not_found');
    const allow = [...new Set(allowed.flatMap(({ methods }) => [...methods]))].sort().join(', ');
    return new Refusal(405, 'invalid_request', 'this method is not served here', { allow });
  }
}

const patternOf = (url: string): RegExp => new RegExp(`^${url.replaceAll('.', '\\.').replace(/:\w+/g, '[^/]+')}$`);
