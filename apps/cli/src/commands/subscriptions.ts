import { type Application, type Subscription, type SubscriptionState } from '@keyward/contracts';
import { Command } from 'commander';
import { path } from '../api';
import { examples } from '../options';
import { type Columns } from '../output';
import { inSession, type Session } from '../session';
import { type Terminal } from '../terminal';

const columns = (names: ReadonlyMap<string, string> = new Map()): Columns<Subscription> => ({
  Id: ({ id }) => id,
  Application: ({ applicationId }) => names.get(applicationId) ?? applicationId,
  API: ({ api, version }) => `${api}:${version}`,
  State: ({ state }) => state,
  Plan: ({ plan }) => plan,
});

const STEPS: [verb: string, state: SubscriptionState, description: string][] = [
  ['approve', 'UNBLOCKED', 'let a subscription that waits be used; also one that was rejected'],
  ['reject', 'REJECTED', 'refuse a subscription that waits'],
  ['block', 'BLOCKED', 'refuse its calls'],
  ['block-production', 'PROD_ONLY_BLOCKED', 'refuse its calls with production keys'],
  ['unblock', 'UNBLOCKED', 'let it be used again'],
];

const subscriptionsPath = (session: Session) => path`organizations/${session.organization}/subscriptions`;
const subscriptionPath = (session: Session, id: string) =>
  path`organizations/${session.organization}/subscriptions/${id}`;

async function namesOf(session: Session): Promise<Map<string, string>> {
  const all = await session.api.list<Application>(path`organizations/${session.organization}/applications`);
  return new Map(all.map(({ id, name }) => [id, name]));
}

/** `keyward subscribe`: lets an application call an API. */
export const subscribe = (terminal: Terminal): Command =>
  new Command('subscribe')
    .argument('<application>')
    .argument('<api>', 'name:version, or the name where that is clear')
    .description('subscribe an application of an organization (--org) to one of its APIs')
    .option('--plan <name>', 'a plan of the level subscription')
    .addHelpText('after', examples('subscribe shop pizza:1.0 --org johnsorg'))
    .action((application: string, api: string, { plan }: { plan?: string }, command: Command) =>
      inSession(terminal, command, async (session) => {
        const made = await session.api.post<Subscription>(subscriptionsPath(session), { application, api, plan });
        session.show(made, columns(new Map([[made.applicationId, application]])));
      }),
    );

/** `keyward subscriptions`: which applications may call which APIs. */
export function subscriptions(terminal: Terminal): Command {
  const noun = new Command('subscriptions').alias('subs').description('who may call what in an organization (--org)');

  noun
    .command('list')
    .description('list the subscriptions')
    .option('--application <name>', 'of one application')
    .option('--api <api>', 'to one API')
    .addHelpText('after', examples('subscriptions list --org johnsorg --api pizza:1.0'))
    .action((options: { application?: string; api?: string }, command: Command) =>
      inSession(terminal, command, async (session) => {
        const asked = Object.entries(options).filter(([name]) => name === 'application' || name === 'api');
        const query = Object.fromEntries(asked) as Record<string, string>;
        const found = await session.api.list<Subscription>(subscriptionsPath(session), query);
        session.list(found, columns(await namesOf(session)));
      }),
    );

  noun
    .command('plan <id> <name>')
    .description('give a subscription another plan; an empty name takes it away')
    .addHelpText('after', examples('subscriptions plan 5f0c… Gold --org johnsorg'))
    .action((id: string, name: string, _options: object, command: Command) =>
      inSession(terminal, command, async (session) => {
        const changed = await session.api.patch<Subscription>(subscriptionPath(session, id), { plan: name || null });
        session.show(changed, columns(await namesOf(session)));
      }),
    );

  for (const [verb, state, description] of STEPS)
    noun
      .command(`${verb} <id>`)
      .description(description)
      .addHelpText('after', examples(`subscriptions ${verb} 5f0c… --org johnsorg`))
      .action((id: string, _options: object, command: Command) =>
        inSession(terminal, command, async (session) => {
          const changed = await session.api.patch<Subscription>(subscriptionPath(session, id), { state });
          session.show(changed, columns(await namesOf(session)));
        }),
      );

  noun
    .command('delete <id>')
    .description('end a subscription')
    .addHelpText('after', examples('subscriptions delete 5f0c… --org johnsorg'))
    .action((id: string, _options: object, command: Command) =>
      inSession(terminal, command, async (session) => {
        await session.api.delete(subscriptionPath(session, id));
        session.done(`Ended ${id}.`);
      }),
    );

  return noun;
}
