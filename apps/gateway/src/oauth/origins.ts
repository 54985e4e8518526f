import { Injectable } from '@nestjs/common';
import { Bus, type Call } from '@keyward/bus';
import { checkOrigin, ServiceError, type ErrorCode, type TokenRequest } from '@keyward/contracts';
import { decodeJwt } from 'jose';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { callOf } from '../http/request-call';

/** How long a preflight's answer is kept here, milliseconds, and by browsers, seconds. */
const KEPT_MS = 10_000;
const MAX_AGE = '600';
const REMEMBERED = 1000;
const FORM = /^https?:\/\/[\x21-\x7e]{1,290}$/;
/** What a client is told of its own request; that it is not the one it says it is, or has to wait, is nobody's. */
const TOLD: readonly ErrorCode[] = [
  'invalid_request',
  ...(['invalid_grant', 'invalid_scope', 'invalid_target', 'unauthorized_client'] as const),
  ...(['unsupported_grant_type', 'unsupported_token_type', 'use_dpop_nonce', 'invalid_dpop_proof'] as const),
  ...(['authorization_pending', 'slow_down', 'access_denied', 'expired_token'] as const),
];

/** Cross-origin requests of browsers (X-09, WHATWG Fetch §3.2); never with cookies, and never with the page's consent alone. */
@Injectable()
export class Origins {
  private readonly known = new Map<string, { at: number; allowed: Promise<boolean> }>();

  constructor(private readonly bus: Bus) {}

  /** Answers a preflight for these methods: allowed for an origin that any client has registered. */
  async preflight(request: FastifyRequest, reply: FastifyReply, methods: string): Promise<void> {
    const { origin } = request.headers;
    reply.header('vary', 'Origin');
    if (origin === undefined || !(await this.isKnown(origin, callOf(request)))) return;
    reply.headers({
      'access-control-allow-origin': origin,
      'access-control-allow-methods': methods,
      'access-control-allow-headers': 'Authorization, Content-Type, DPoP',
      'access-control-max-age': MAX_AGE,
    });
  }

  /**
   * Does the work of a request that came with an origin, which finds out whose it is; lets its script read the answer if the
   * origin is one of this client's.
   */
  async answer<T>(
    origin: string,
    request: Pick<TokenRequest, 'params' | 'authorization'>,
    reply: FastifyReply,
    call: Call,
    work: () => Promise<T>,
  ): Promise<T> {
    reply.header('vary', 'Origin');
    try {
      const answer = await work();
      await this.allow(origin, namedIn(request), reply, call);
      return answer;
    } catch (error) {
      if (error instanceof ServiceError && TOLD.includes(error.code))
        await this.allow(origin, namedIn(request), reply, call);
      throw error;
    }
  }

  /** Lets a script read an answer that is for this client, if the origin is one of its own. */
  async allow(origin: string, clientId: string | undefined, reply: FastifyReply, call: Call): Promise<void> {
    if (!FORM.test(origin) || clientId === undefined || clientId.length > 255) return;
    // Without an answer the script learns nothing, and the client has what it asked for.
    const { allowed } = await this.bus.call(checkOrigin, { origin, clientId }, call).catch(() => ({ allowed: false }));
    if (allowed) expose(origin, reply);
  }

  /** Lets a script read what would be said to anyone, if any client has registered the origin. */
  async allowKnown(origin: string, reply: FastifyReply, call: Call): Promise<void> {
    if (await this.isKnown(origin, call).catch(() => false)) expose(origin, reply);
  }

  private isKnown(origin: string, call: Call): Promise<boolean> {
    if (!FORM.test(origin)) return Promise.resolve(false);
    const known = this.known.get(origin);
    if (known && Date.now() - known.at < KEPT_MS) return known.allowed;
    const allowed = this.bus.call(checkOrigin, { origin }, call).then((answer) => answer.allowed);
    this.known.delete(origin);
    this.known.set(origin, { at: Date.now(), allowed });
    allowed.catch(() => this.known.delete(origin));
    const [oldest] = this.known.keys();
    if (oldest !== undefined && this.known.size > REMEMBERED) this.known.delete(oldest);
    return allowed;
  }
}

const expose = (origin: string, reply: FastifyReply): void => {
  reply.headers({
    'access-control-allow-origin': origin,
    'access-control-expose-headers': 'WWW-Authenticate, DPoP-Nonce',
  });
};

/** The client that a request named to prove itself as: once it has, it is that one. */
export function namedIn({ params, authorization }: Pick<TokenRequest, 'params' | 'authorization'>): string | undefined {
  if (params['client_id']) return params['client_id'];
  try {
    if (params['client_assertion']) return decodeJwt(params['client_assertion']).sub;
    const [, encoded = ''] = /^basic +([A-Za-z0-9+/]+=*)$/i.exec(authorization ?? '') ?? [];
    return decodeURIComponent(Buffer.from(encoded, 'base64').toString('utf8').split(':')[0] ?? '') || undefined;
  } catch {
    return undefined;
  }
}
