import { deployment, ROOT, type Answer, type SendOptions } from '@keyward/testing';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { operator } from './operator';

const keyward = deployment();
export const ORGANIZATIONS = '/api/v1/organizations';

/** As OpenAPI 3.0 describes a value; what it refers to is in its place. */
export interface Schema {
  type?: string;
  nullable?: boolean;
  enum?: unknown[];
  required?: string[];
  properties?: Record<string, Schema>;
  items?: Schema;
}

interface WrittenSchema extends Omit<Schema, 'properties' | 'items'> {
  $ref?: string;
  allOf?: WrittenSchema[];
  properties?: Record<string, WrittenSchema>;
  items?: WrittenSchema;
}

const openapi = JSON.parse(readFileSync(join(ROOT, 'docs/reference/openapi.json'), 'utf8')) as {
  paths: Record<string, Record<string, { requestBody?: { content: Record<string, { schema: WrittenSchema }> } }>>;
  components: { schemas: Record<string, WrittenSchema> };
};

/** The published operations of the management API: one that is added is tested by the suite, or fails it. */
export const operations = Object.entries(openapi.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, { requestBody }]) => ({
    /** `POST /{orgkey}/users` */
    name: `${method.toUpperCase()} ${path.startsWith(ORGANIZATIONS) ? path.slice(ORGANIZATIONS.length) || '/' : path}`,
    method: method.toUpperCase() as SendOptions['method'],
    path,
    hasBody: requestBody !== undefined,
  })),
);

/** The published operations that have a body, with what it may be. */
export const bodySchemas = operations
  .filter(({ hasBody }) => hasBody)
  .map(({ name, method, path }) => {
    const { requestBody } = openapi.paths[path]?.[(method ?? 'GET').toLowerCase()] ?? {};
    return { name, method, path, schema: resolved(requestBody?.content['application/json']?.schema ?? {}) };
  });

function resolved({ $ref, allOf, properties, items, ...schema }: WrittenSchema): Schema {
  const named = $ref === undefined ? allOf?.[0] : openapi.components.schemas[$ref.split('/').at(-1) ?? ''];
  if (named) return { ...resolved(named), ...schema };
  const members = Object.entries(properties ?? {}).map(([name, its]): [string, Schema] => [name, resolved(its)]);
  return {
    ...schema,
    ...(properties && { properties: Object.fromEntries(members) }),
    ...(items && { items: resolved(items) }),
  };
}

/** A request of the operator about the whole server. */
export const askServer = async (method: SendOptions['method'], path: string, json?: unknown): Promise<Answer> =>
  keyward.send(`/api/v1/${path}`, { method, json, bearer: await operator() });

/** A request of the operator, whatever comes of it; the path begins after `/organizations`. */
export const ask = async (method: SendOptions['method'], path: string, json?: unknown): Promise<Answer> =>
  keyward.send(`${ORGANIZATIONS}${path}`, { method, json, bearer: await operator() });

/** An operation's path with the names of what it is about. */
export const fill = (path: string, names: Record<string, string>): string =>
  path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(names[name] ?? 'x'));

const SMALLEST: Record<string, object | undefined> = {
  organizations: { key: 'sandbox' },
  users: { username: 'sandbox' },
  roles: { name: 'sandbox' },
  members: { username: 'sandbox' },
  applications: { name: 'sandbox' },
  keys: { kind: 'sandbox' },
  'trusted-issuers': { name: 'sandbox', issuer: 'https://issuer.example' },
  'trusted-issuers/{name}/users': { subject: 'sandbox', userId: '00000000-0000-7000-8000-000000000001' },
  apis: { name: 'sandbox', version: '1', context: '/sandbox' },
  import: { definition: '{"openapi":"3.0.0","info":{"title":"sandbox","version":"1"},"paths":{}}' },
  state: { state: 'PUBLISHED' },
  versions: { version: '2' },
  scopes: { name: 'sandbox' },
  plans: { name: 'sandbox', level: 'api', requests: 1 },
  'deny-rules': { kind: 'ip', value: '192.0.2.1' },
  subscriptions: { application: 'sandbox', api: 'sandbox' },
};

/** What an operation needs in its body, at least. */
export const smallestBody = (path: string, method: SendOptions['method']): object =>
  (method === 'POST' && (SMALLEST[path.split('/').slice(-3).join('/')] ?? SMALLEST[path.split('/').at(-1) ?? ''])) ||
  {};

/** RFC 9457, and that no cache keeps it. */
export function expectProblem({ status, headers, body }: Answer, code: string, expected: number): void {
  expect([status, body.code]).toEqual([expected, code]);
  expect(body).toMatchObject({ type: 'about:blank', title: expect.any(String), status: expected });
  expect(Object.keys(body).filter((name) => !['type', 'title', 'status', 'code', 'detail'].includes(name))).toEqual([]);
  expect(headers).toMatchObject({
    'content-type': expect.stringMatching(/^application\/problem\+json/),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
}
