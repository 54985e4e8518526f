import type { FastifyReply } from 'fastify';

/** A scheme and, of http, an address: what a form's answer may be redirected to. */
const sourceOf = (uri: string): string => {
  const { protocol, host } = new URL(uri);
  return protocol === 'http:' ? `http://${host}` : protocol;
};

/**
 * Sends a page that nobody can frame, and that loads and runs nothing but its own files (AZ-07). Browsers hold redirects
 * that follow a form to `form-action` as well: it allows where this request may end, and https, where the client may go on to.
 */
export function sendPage(reply: FastifyReply, markup: string, { status = 200, formsTo = [] as string[] } = {}): void {
  const forms = ["'self'", 'https:', ...formsTo.map(sourceOf).filter((source) => source !== 'https:')];
  void reply
    .code(status)
    .headers({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy':
        `default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; form-action ${forms.join(' ')}; ` +
        `frame-ancestors 'none'; base-uri 'none'`,
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'permissions-policy': 'camera=(), geolocation=(), microphone=()',
    })
    .send(markup);
}

/** RFC 9700 §4.12: 303, so that no browser posts a password on (AZ-06). */
export const seeOther = (reply: FastifyReply, location: string): void => {
  void reply.code(303).headers({ location, 'referrer-policy': 'no-referrer' }).send();
};
