import { type Api, type ApiState, BACKEND_CLAIMS, CREDENTIALS } from '@keyward/contracts';
import { Command, Option } from 'commander';
import { readFile } from 'node:fs/promises';
import { path } from '../api';
import { CommandError } from '../command-error';
import { changes, commaSeparated, examples, onOff } from '../options';
import { type Columns } from '../output';
import { inSession, type Session } from '../session';
import { type Terminal } from '../terminal';

const columns: Columns<Api> = {
  Name: ({ name }) => name,
  Version: ({ version }) => version,
  Default: ({ isDefault }) => isDefault,
  Context: ({ context }) => context,
  State: ({ state }) => state,
};

const details: Columns<Api> = {
  ...columns,
  Id: ({ id }) => id,
  Description: ({ description }) => description,
  'Production upstream': ({ upstreams }) => upstreams.production,
  'Sandbox upstream': ({ upstreams }) => upstreams.sandbox,
  Visibility: ({ visibility, visibleTo }) => [visibility, ...visibleTo],
  'Subscription required': ({ subscriptionRequired }) => subscriptionRequired,
  'Approval required': ({ approvalRequired }) => approvalRequired,
  'Backend token': ({ backendToken }) => backendToken,
  'Claims of users': ({ backendClaims }) => backendClaims,
  Accepts: ({ accepts }) => accepts ?? 'either',
  Plan: ({ plan }) => plan,
  'Upstream plan': ({ upstreamPlan }) => upstreamPlan,
  Resources: ({ resources }) =>
    resources.map(
      ({ verb, template, authentication, scopes }) => `${verb} ${template} (${[authentication, ...scopes].join(' ')})`,
    ),
};

const STEPS: [verb: string, state: ApiState, description: string][] = [
  ['publish', 'PUBLISHED', 'let applications subscribe to an API and call it; also one that was blocked'],
  ['deprecate', 'DEPRECATED', 'take no new subscriptions; those there are go on'],
  ['block', 'BLOCKED', 'refuse all calls until it is published again'],
  ['retire', 'RETIRED', 'end an API for good'],
];

interface Upstream {
  production?: string;
  sandbox?: string;
}

interface Switches {
  isDefault?: boolean;
  subscriptionRequired?: boolean;
  approvalRequired?: boolean;
  backendToken?: boolean;
}

interface Settings {
  file?: string;
  description?: string;
  visibility?: string;
  visibleTo?: string[];
  plan?: string;
  upstreamPlan?: string;
  accepts?: string;
  backendClaims?: string[];
}

const apisPath = (session: Session) => path`organizations/${session.organization}/apis`;
const apiPath = (session: Session, api: string) => path`organizations/${session.organization}/apis/${api}`;

const withUpstreams = (command: Command): Command =>
  command
    .option('--production <url>', 'where requests with production keys go')
    .option('--sandbox <url>', 'where requests with sandbox keys go');
const upstreams = ({ production, sandbox }: Upstream): Upstream | undefined =>
  (production ?? sandbox) === undefined
    ? undefined
    : { ...(production !== undefined && { production }), ...(sandbox !== undefined && { sandbox }) };

/** `keyward api`: what the organization's gateways guard. */
export function apis(terminal: Terminal): Command {
  const noun = new Command('api')
    .alias('apis')
    .description('the APIs of an organization (--org); <api> is name:version, or the name where that is clear');

  withUpstreams(noun.command('import <file>'))
    .description('make an API of an OpenAPI 3 document, its resources and scopes taken from it')
    .option('--name <name>', "instead of the document's title")
    .option('--version <version>', "instead of the document's version")
    .option('--context <path>', 'where it is served, such as /pizza')
    .option('--replace', 'put the resources in the place of those that the version has')
    .addHelpText('after', examples('api import openapi.yaml --org johnsorg --context /pizza'))
    .action(
      (
        file: string,
        options: Upstream & { name?: string; version?: string; context?: string; replace?: boolean },
        command: Command,
      ) =>
        inSession(terminal, command, async (session) => {
          const { name, version, context, replace } = options;
          const body = { definition: await read(file), name, version, context, replace, upstreams: upstreams(options) };
          session.show(await session.api.post<Api>(`${apisPath(session)}/import`, body), details);
        }),
    );

  noun
    .command('create <file>')
    .description('make an API by hand: <file> is JSON with name, version, context, upstreams, resources and more')
    .addHelpText('after', examples('api create pizza.json --org johnsorg'))
    .action((file: string, _options: object, command: Command) =>
      inSession(terminal, command, async (session) =>
        session.show(await session.api.post<Api>(apisPath(session), await readJson(file)), details),
      ),
    );

  noun
    .command('list')
    .description('list the APIs, a line a version')
    .addHelpText('after', examples('api list --org johnsorg'))
    .action((_options: object, command: Command) =>
      inSession(terminal, command, async (session) =>
        session.list(await session.api.list<Api>(apisPath(session)), columns),
      ),
    );

  noun
    .command('show <api>')
    .description('show one version of an API')
    .addHelpText('after', examples('api show pizza:1.0 --org johnsorg'))
    .action((api: string, _options: object, command: Command) =>
      inSession(terminal, command, async (session) =>
        session.show(await session.api.get<Api>(apiPath(session, api)), details),
      ),
    );

  withUpstreams(noun.command('update <api>'))
    .description('change an API; resources come from a document as well: api import --replace')
    .option('--file <file>', 'JSON with any settings of an API: resources, cors and more')
    .option('--description <text>', 'what it is for')
    .addOption(new Option('--visibility <who>', 'who sees it').choices(['public', 'organization', 'roles']))
    .option('--visible-to <roles>', 'the roles of those publishers who see it; admins see all', commaSeparated)
    .option('--plan <name>', 'a plan of the level api')
    .option('--upstream-plan <name>', 'a plan of the level upstream, for each of the two')
    .addOption(new Option('--accepts <what>', 'what opens it').choices([...CREDENTIALS, 'either']))
    .option(
      '--backend-claims <list>',
      `what upstreams are told of users, of ${BACKEND_CLAIMS.join(',')}`,
      commaSeparated,
    )
    .option('--default <on|off>', 'whether it is meant where a path names no version', onOff)
    .option('--subscription-required <on|off>', 'whether applications need a subscription', onOff)
    .option('--approval-required <on|off>', 'whether a subscription waits for approval', onOff)
    .option('--backend-token <on|off>', 'whether upstreams get a signed X-JWT-Assertion', onOff)
    .addHelpText('after', examples('api update pizza:1.0 --org johnsorg --production https://pizza.example'))
    .action((api: string, options: Upstream & Switches & Settings & { default?: boolean }, command: Command) =>
      inSession(terminal, command, async (session) => {
        const { subscriptionRequired, approvalRequired, backendToken } = options;
        const switches: Switches = { isDefault: options.default, subscriptionRequired, approvalRequired, backendToken };
        const own = upstreams(options);
        const url = apiPath(session, api);
        // One that is not named stays as it is.
        const before = own && (await session.api.get<Api>(url)).upstreams;
        const { description, visibleTo, plan, upstreamPlan, backendClaims, file } = options;
        const accepts = options.accepts === 'either' ? null : options.accepts;
        const visibility = options.visibility ?? (visibleTo && 'roles');
        const given = file === undefined ? {} : await readJson(file);
        const named = { ...switches, description, visibility, visibleTo, plan, upstreamPlan, accepts, backendClaims };
        const body = changes({ ...given, ...withoutAbsent(named), ...(own && { upstreams: { ...before, ...own } }) });
        session.show(await session.api.patch<Api>(url, body), details);
      }),
    );

  noun
    .command('copy <api> <version>')
    .description('make one more version with all that this one has; it is not yet published')
    .addHelpText('after', examples('api copy pizza:1.0 2.0 --org johnsorg'))
    .action((api: string, version: string, _options: object, command: Command) =>
      inSession(terminal, command, async (session) =>
        session.show(await session.api.post<Api>(`${apiPath(session, api)}/versions`, { version }), columns),
      ),
    );

  for (const [verb, state, description] of STEPS)
    noun
      .command(`${verb} <api>`)
      .description(description)
      .addHelpText('after', examples(`api ${verb} pizza:1.0 --org johnsorg`))
      .action((api: string, _options: object, command: Command) =>
        inSession(terminal, command, async (session) =>
          session.show(await session.api.post<Api>(`${apiPath(session, api)}/state`, { state }), columns),
        ),
      );

  noun
    .command('delete <api>')
    .description('delete a version that nobody subscribes to, or that has retired')
    .addHelpText('after', examples('api delete pizza:1.0 --org johnsorg'))
    .action((api: string, _options: object, command: Command) =>
      inSession(terminal, command, async (session) => {
        await session.api.delete(apiPath(session, api));
        session.done(`Deleted ${api}.`);
      }),
    );

  return noun;
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new CommandError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'error'}).`, 2);
  }
}

/** An object in JSON, as the management API takes it. */
async function readJson(file: string): Promise<object> {
  const text = await read(file);
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // It is said below.
  }
  throw new CommandError(`${file} holds no JSON object.`, 2);
}

const withoutAbsent = (settings: object): object =>
  Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
