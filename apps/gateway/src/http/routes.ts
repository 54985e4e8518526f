import type { FastifyInstance } from 'fastify';
import { Refusal } from './refusal';

/** Remembers what is served, to answer what is not: 405 with `Allow` for a known path (RFC 9110 §15.5.6), else 404. */
export class Routes {
  private readonly methods = new Map<string, Set<string>>();

  watch(fastify: FastifyInstance): void {
    fastify.addHook('onRoute', ({ url, method }) => {
      const known = this.methods.get(url) ?? new Set();
      for (const each of [method].flat()) known.add(each);
      this.methods.set(url, known);
    });
  }

  refusal(target: string): Refusal {
    const path = target.split('?')[0] ?? '';
    const allowed = [...this.methods].filter(([url]) => matches(url, path)).flatMap(([, methods]) => [...methods]);
    if (allowed.length === 0) return new Refusal(404, 'not_found');
    const allow = [...new Set(allowed)].sort().join(', ');
    return new Refusal(405, 'invalid_request', 'this method is not served here', { allow });
  }
}

const matches = (url: string, path: string): boolean =>
  new RegExp(`^${url.replaceAll('.', '\\.').replace(/:\w+/g, '[^/]+')}$`).test(path);
