import { COUNTED_BY, type Plan, PLAN_LEVELS } from '@keyward/contracts';
import { Command, InvalidArgumentError, Option } from 'commander';
import { path } from '../api';
import { changes, commaSeparated, examples } from '../options';
import { type Columns } from '../output';
import { inSession, type Session } from '../session';
import { type Terminal } from '../terminal';

const columns: Columns<Plan> = {
  Level: ({ level }) => level,
  Name: ({ name }) => name,
  Quota: ({ requests, kilobytes, every, unit }) =>
    `${requests === null ? `${kilobytes ?? 0} KB` : `${requests} requests`} every ${every} ${unit}`,
  'Burst a second': ({ burst }) => burst,
  'Counted by': ({ countedBy }) => countedBy,
  Description: ({ description }) => description,
};

interface Quota {
  requests?: number;
  kilobytes?: number;
  every?: number;
  unit?: string;
  burst?: number;
  countedBy?: string[];
  description?: string;
}

/** Whole numbers from 1. */
function count(value: string): number {
  if (!/^[1-9]\d{0,11}$/.test(value)) throw new InvalidArgumentError('Say a whole number.');
  return Number(value);
}

const withQuota = (command: Command): Command =>
  command
    .option('--requests <number>', 'how many requests', count)
    .option('--kilobytes <number>', 'or how much bandwidth', count)
    .option('--every <number>', 'in how many units of time, 1 by default', count)
    .addOption(new Option('--unit <unit>', 'minute by default').choices(['second', 'minute', 'hour', 'day', 'month']))
    .option('--burst <number>', 'requests a second at most', count)
    .option('--counted-by <list>', `of a custom plan: ${COUNTED_BY.join(',')}, or some of them`, commaSeparated)
    .option('--description <text>', 'what it is for');
const quota = ({ requests, kilobytes, every, unit, burst, countedBy, description }: Quota): Quota => ({
  ...{ requests, kilobytes, every, unit, burst, countedBy, description },
});

const plansPath = (session: Session) => path`organizations/${session.organization}/plans`;
const planPath = (session: Session, level: string, name: string) =>
  path`organizations/${session.organization}/plans/${level}/${name}`;

/** `keyward plans`: quotas of applications, subscriptions, APIs, resources and upstreams, and those that hold by themselves. */
export function plans(terminal: Terminal): Command {
  const noun = new Command('plans').description(
    `the plans of an organization (--org); <level> is one of ${PLAN_LEVELS.join(', ')}`,
  );

  withQuota(noun.command('create <level> <name>'))
    .description('create a plan')
    .addHelpText(
      'after',
      examples(
        'plans create subscription Gold --org johnsorg --requests 5000',
        'plans create custom PerAddress --org johnsorg --requests 100 --counted-by address,api',
      ),
    )
    .action((level: string, name: string, options: Quota, command: Command) =>
      inSession(terminal, command, async (session) => {
        const body = { level, name, ...quota(options) };
        session.show(await session.api.post<Plan>(plansPath(session), body), columns);
      }),
    );

  noun
    .command('list')
    .description('list the plans')
    .addHelpText('after', examples('plans list --org johnsorg'))
    .action((_options: object, command: Command) =>
      inSession(terminal, command, async (session) =>
        session.list(await session.api.list<Plan>(plansPath(session)), columns),
      ),
    );

  withQuota(noun.command('update <level> <name>'))
    .description('change a plan')
    .addHelpText('after', examples('plans update subscription Gold --org johnsorg --requests 6000'))
    .action((level: string, name: string, options: Quota, command: Command) =>
      inSession(terminal, command, async (session) => {
        const body = changes(quota(options));
        session.show(await session.api.patch<Plan>(planPath(session, level, name), body), columns);
      }),
    );

  noun
    .command('delete <level> <name>')
    .description('delete a plan that nothing uses')
    .addHelpText('after', examples('plans delete subscription Gold --org johnsorg'))
    .action((level: string, name: string, _options: object, command: Command) =>
      inSession(terminal, command, async (session) => {
        await session.api.delete(planPath(session, level, name));
        session.done(`Deleted ${name}.`);
      }),
    );

  return noun;
}
