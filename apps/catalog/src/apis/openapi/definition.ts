import {
  OWN_SCOPES,
  SCOPE_TOKEN,
  VERBS,
  type ApiResource,
  type Authentication,
  type Upstreams,
} from '@keyward/contracts';
import { invalid } from '../../refusals';
import type { OpenApiDocument, Operation, Requirement } from './reading-thread';

/** A scope that a document defines, and the roles that it binds it to. */
export interface DefinedScope {
  name: string;
  description: string;
  roles: string[];
}

/** Every verb of every path. Throws `invalid_request` for what would have to be fetched, or would be less protected than it says. */
export function resourcesOf(document: OpenApiDocument): ApiResource[] {
  const { paths = {}, security } = document;
  const isOfApiManager = Object.keys(document).some((name) => name.startsWith('x-wso2-'));
  return Object.entries(paths).flatMap(([template, item]) => {
    if (item.$ref !== undefined)
      throw invalid(`the definition is not accepted: ${template} refers to another document, which is not fetched`);
    return VERBS.flatMap((verb): ApiResource[] => {
      const operation = item[verb.toLowerCase()];
      return operation ? [resourceOf(verb, template, operation, security, isOfApiManager)] : [];
    });
  });
}

function resourceOf(
  verb: ApiResource['verb'],
  template: string,
  operation: Operation,
  ofAll: Requirement[] | undefined,
  isOfApiManager: boolean,
): ApiResource {
  const security = operation.security ?? ofAll;
  // OpenAPI 3.1 §4.8.10.1: an empty array takes security away, an empty object makes it optional.
  const open =
    security !== undefined && (security.length === 0 || security.some((one) => Object.keys(one).length === 0));
  const authentication = open ? 'none' : (authenticationOf(operation['x-auth-type']) ?? 'any');
  const at = `${verb} ${template}`;
  const needed = (security ?? []).flatMap((requirement) => alternativesOf(at, requirement, isOfApiManager));
  const extension = extensionScopes(at, operation['x-scope']);
  if (needed.length > 0 && extension.some((name) => !needed.includes(name)))
    throw invalid(`the definition is not accepted: ${at} has one scope in security and another in x-scope`);
  const scopes = [...new Set([...needed, ...extension])];
  return { verb, template, authentication, scopes: authentication === 'none' ? [] : scopes };
}

/**
 * OpenAPI 3.1 §4.8.30: of one requirement everything is needed, and of several requirements one. A resource needs any one of its
 * scopes, so what needs two at once cannot be said. API Manager's `default` lists alternatives.
 */
function alternativesOf(at: string, requirement: Requirement, isOfApiManager: boolean): string[] {
  const schemes = Object.keys(requirement);
  const scopes = [...new Set(Object.values(requirement).flat())];
  if (isOfApiManager && schemes.length === 1 && schemes[0] === 'default') return scopes;
  if (schemes.length > 1)
    throw invalid(`the definition is not accepted: ${at} needs ${schemes.join(' and ')} at once: name one of them`);
  if (scopes.length > 1)
    throw invalid(
      `the definition is not accepted: ${at} needs the scopes ${scopes.join(' and ')} at once: any one scope of a resource suffices, so name one, or alternatives as requirements of their own`,
    );
  return scopes;
}

/** API Manager's `x-scope`: a scope, or several of which any one suffices. What is neither must not leave the resource open. */
function extensionScopes(at: string, value: unknown): string[] {
  if (value === undefined || value === null || value === '') return [];
  const all: unknown[] = Array.isArray(value) ? value : [value];
  if (!all.every((name) => typeof name === 'string' && name !== ''))
    throw invalid(`the definition is not accepted: x-scope of ${at} is no scope, nor a list of them`);
  return all as string[];
}

const authenticationOf = (type: unknown) => (typeof type === 'string' ? AUTH_TYPES[type.toLowerCase()] : undefined);

/** What API Manager calls them. */
const AUTH_TYPES: Record<string, Authentication | undefined> = {
  none: 'none',
  application: 'application',
  'application user': 'user',
};

/** What the document defines and what its operations name; the platform's own are not among them. */
export function scopesIn(document: OpenApiDocument, resources: readonly ApiResource[]): DefinedScope[] {
  const found = new Map<string, DefinedScope>();
  for (const { flows = {} } of Object.values(document.components?.securitySchemes ?? {}))
    for (const { scopes = {}, 'x-scopes-bindings': bindings } of Object.values(flows))
      for (const [name, description] of Object.entries(scopes)) {
        const roles = (bindings as Record<string, unknown> | undefined)?.[name];
        found.set(name, { name, description: description.slice(0, 500), roles: rolesFrom(roles) });
      }
  for (const name of resources.flatMap(({ scopes }) => scopes))
    if (!found.has(name)) found.set(name, { name, description: '', roles: [] });
  const all = [...found.values()].filter(({ name }) => !OWN_SCOPES.includes(name));
  for (const { name } of all)
    if (!SCOPE_TOKEN.test(name)) throw invalid(`the definition is not accepted: ${name} is no scope`);
  return all;
}

/** API Manager's `x-scopes-bindings`: `role1,role2`. A role that is none here must not leave the scope open to all. */
function rolesFrom(bound: unknown): string[] {
  if (typeof bound !== 'string' || bound.trim() === '') return [];
  const roles = [...new Set(bound.split(',').map((role) => role.trim().replace(/^Internal\//, '')))];
  const odd = roles.find((role) => !/^[\w.-]{1,64}$/.test(role));
  if (odd !== undefined) throw invalid('the definition is not accepted: x-scopes-bindings names what is no role');
  return roles;
}

/** Of API Manager's extensions, or the first server: a template or a relative address is none. */
export function upstreamsIn(document: OpenApiDocument): Upstreams {
  const endpoint = (kind: string) => {
    const { urls } = (document[`x-wso2-${kind}-endpoints`] ?? {}) as { urls?: unknown };
    const first: unknown = Array.isArray(urls) ? urls[0] : undefined;
    return typeof first === 'string' ? first : undefined;
  };
  const server = document.servers?.map(({ url }) => url).find((url) => /^https?:\/\/[^{}]+$/.test(url));
  const [production = server, sandbox] = [endpoint('production'), endpoint('sandbox')];
  return { ...(production && { production }), ...(sandbox && { sandbox }) };
}

/** The title, in characters that a name may have. */
export const nameIn = ({ info }: OpenApiDocument): string =>
  info.title
    .replace(/[^\w. -]+/g, '-')
    .replace(/^[^A-Za-z0-9]+|[-. ]+$/g, '')
    .slice(0, 100);

/** API Manager's `x-wso2-basePath` without the version, or the name as a path. */
export function contextIn(document: OpenApiDocument, name: string, version: string): string {
  const base = document['x-wso2-basePath'];
  if (typeof base !== 'string') return `/${name.toLowerCase().replace(/[^a-z0-9]+/g, '-')}`;
  return [`/${version}`, '/{version}'].reduce(
    (context, end) => (context.endsWith(end) ? context.slice(0, -end.length) : context),
    base.replace(/\/+$/, ''),
  );
}
