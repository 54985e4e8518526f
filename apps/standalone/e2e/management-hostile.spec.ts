import { deployment, type Answer, type SendOptions } from '@keyward/testing';
import { bodySchemas, fill, operations, smallestBody, type Schema } from './support/management';
import { makeKey, makeOrganization, makeUser, manage, operator, unique } from './support/operator';

const keyward = deployment();
const NO_ID = '00000000-0000-7000-8000-00000000ffff';
let names: Record<string, string>;

beforeAll(async () => {
  const org = await makeOrganization();
  const [{ username }, { application, consumerKey }] = await Promise.all([makeUser(org), makeKey(org)]);
  const [role = '', scope = '', plan = '', api = ''] = ['role', 'scope', 'plan', 'api'].map(unique);
  await manage('POST', `/${org}/roles`, { name: role });
  await manage('POST', `/${org}/scopes`, { name: scope });
  await manage('POST', `/${org}/plans`, { name: plan, level: 'api', requests: 1 });
  await manage('POST', `/${org}/apis`, { name: api, version: '1.0', context: `/${api}` });
  names = { orgkey: org, username, application, consumerKey, role, scope, plan, level: 'api', api };
  for (const each of ['session', 'token', 'rule', 'subscription', 'apiKey']) names[each] = NO_ID;
});

type Place = (string | number)[];

/** As JSON writes them, so that what no text can be is sent as well. */
const HOSTILE = ['"a\\u0000b"', '"\\ud800"', '"x\\udfffy"', '{"a":"\\u0000"}', '{"\\u0000":1}', 'null'];
/** What an object is not. */
const LISTS = ['[]', '[{}]', '[[]]'];
const HERE = '<here>';

/** Every place in a body where something can be, whether it may be `null`, and whether it is an object. */
function placesIn(schema: Schema, place: Place = []): { place: Place; nullable: boolean; isObject: boolean }[] {
  const within = schema.items
    ? placesIn(schema.items, [...place, 0])
    : Object.entries(schema.properties ?? {}).flatMap(([name, its]) => placesIn(its, [...place, name]));
  return place.length === 0
    ? within
    : [{ place, nullable: schema.nullable === true, isObject: schema.properties !== undefined }, ...within];
}

/** Around that place, only what must be there. */
function around(schema: Schema, [member, ...inner]: Place): unknown {
  if (member === undefined) return HERE;
  if (typeof member === 'number') return [around(schema.items ?? {}, inner)];
  const { properties = {}, required = [] } = schema;
  const others = required.map((name): [string, unknown] => [name, properties[name]?.enum?.[0] ?? 'sandbox']);
  return { ...Object.fromEntries(others), [member]: around(properties[member] ?? {}, inner) };
}

const send = async (method: SendOptions['method'], path: string, body?: string): Promise<Answer> =>
  keyward.send(path, {
    ...{ method, body, bearer: await operator() },
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
  });

/** Some at once: there are many. */
async function allOf<T>(jobs: readonly T[], work: (job: T) => Promise<void>): Promise<void> {
  const left = [...jobs];
  const worker = async () => {
    for (let job = left.pop(); job !== undefined; job = left.pop()) await work(job);
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}

it('X-10 abuse 30 a hostile text, null, or a list for an object, anywhere in any body is refused', async () => {
  const jobs = bodySchemas.flatMap(({ name, method, path, schema }) =>
    placesIn(schema).flatMap(({ place, nullable, isObject }) => {
      const body = JSON.stringify({ ...smallestBody(path, method), ...(around(schema, place) as object) });
      return [...HOSTILE, ...(isObject ? LISTS : [])].map((value) => ({
        name,
        method,
        path,
        place,
        nullable,
        value,
        body,
      }));
    }),
  );
  expect(jobs.length).toBeGreaterThan(1000);
  const wrong: string[] = [];
  await allOf(jobs, async ({ name, method, path, place, nullable, value, body }) => {
    const { status } = await send(
      method,
      fill(path, names),
      body.replace(`"${HERE}"`, () => value),
    );
    const isRight = nullable && value === 'null' ? status < 500 : status === 400;
    if (!isRight) wrong.push(`${name} ${place.join('.')} ${value}: ${status}`);
  });
  expect(wrong).toEqual([]);
});

it('X-10 abuse 42 a hostile name anywhere in any path is not there', async () => {
  const jobs = operations.flatMap(({ name, method, path }) =>
    [...path.matchAll(/\{(\w+)\}/g)].flatMap(([, parameter = '']) =>
      ['%00', 'a%00b', '%ed%a0%80', '%ff', 'x'.repeat(2000)].map((value) => ({ name, method, path, parameter, value })),
    ),
  );
  const wrong: string[] = [];
  await allOf(jobs, async ({ name, method, path, parameter, value }) => {
    const target = fill(path, { ...names, [parameter]: HERE }).replace(encodeURIComponent(HERE), value);
    const body = method === 'GET' || method === 'DELETE' ? undefined : JSON.stringify(smallestBody(path, method));
    const { status } = await send(method, target, body);
    if (status !== 400 && status !== 404) wrong.push(`${name} ${parameter} ${value}: ${status}`);
  });
  expect(wrong).toEqual([]);
});
