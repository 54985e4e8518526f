import type { Browser, Organization, PageOwner } from '@keyward/contracts';
import type { Organizations } from '@keyward/runtime';
import type { FastifyRequest } from 'fastify';
import { clientAddress } from '../http/client-address';
import { organizationAt } from '../http/organization';
import { parseForm } from '../oauth/form';
import { sessionsOf } from './cookies';
import type { Look } from './pages/layout';
import { textsFor } from './pages/texts';

/** A request of a browser at a page. */
export type At = FastifyRequest<{ Params: { orgkey?: string } }>;

const WITHOUT_ORGANIZATION = 'Keyward';

/** The query as it came, without its question mark. */
export const queryOf = ({ raw }: FastifyRequest): string => {
  const url = raw.url ?? '';
  const mark = url.indexOf('?');
  return mark < 0 ? '' : url.slice(mark + 1);
};

/** The parameters of the authorization request in the query, each once. Throws `invalid_request`. */
export const paramsOf = (request: FastifyRequest): Record<string, string> => parseForm(Buffer.from(queryOf(request)));

/** What was typed; what is longer than any name or password, and so nobody's, as none (abuse 35). */
export const typedIn = ({ username = '', password = '' }: Record<string, string>) => ({
  username: username.length > 384 ? '' : username,
  password: Buffer.byteLength(password) > 1024 ? '' : password,
});

/** The path of an organization's pages. */
export const baseOf = ({ params }: At): string =>
  params.orgkey === undefined ? '' : `/t/${params.orgkey.toLowerCase()}`;

/** The organization of the path, if there is one in it. Throws `not_found`. */
export const organizationOf = async (request: At, organizations: Organizations): Promise<Organization | undefined> =>
  request.params.orgkey === undefined ? undefined : organizationAt(organizations, request.params.orgkey);

/** What the token service needs to know of a browser. */
export const browserOf = (request: At, params: Record<string, string>, organization?: Organization): Browser => ({
  params,
  organizationId: organization?.id,
  sessions: sessionsOf(request),
  ip: clientAddress(request),
  userAgent: request.headers['user-agent']?.slice(0, 300),
});

/** How a page looks to this browser. */
export const lookOf = (request: At, params: Record<string, string>, organization?: PageOwner): Look => ({
  texts: textsFor(params['ui_locales'], request.headers['accept-language']),
  base: baseOf(request),
  organization: organization?.name ?? WITHOUT_ORGANIZATION,
  brand: organization && { path: `/t/${organization.key}`, colour: organization.colour, logo: organization.logo },
});
