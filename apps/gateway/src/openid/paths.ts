import type { FastifyRequest } from 'fastify';

const DOCUMENTS = ['openid-configuration', 'oauth-authorization-server'];

/** OpenID Connect Discovery 1.0 §4 puts the well-known part after the issuer's path, RFC 8414 §3 before it. */
export const METADATA_PATHS = DOCUMENTS.flatMap((document) => [
  `/.well-known/${document}`,
  `/.well-known/${document}/t/:orgkey`,
  `/t/:orgkey/.well-known/${document}`,
]);

/** Where a page is: at the root, and for one organization. */
export const pagePaths = (page: string): string[] => [`/${page}`, `/t/:orgkey/${page}`];

const PAGES = /\/(authorize|sign-in|consent|sign-out|logout|account|account\/[\w-]+|device|device\/[\w-]+)$/;

/** Whether people look at what is answered. */
export const isPage = ({ routeOptions }: FastifyRequest): boolean => PAGES.test(routeOptions.url ?? '');
