import { USAGE_GROUPS, type Application, type UsageReport, type UsageSum } from '@keyward/contracts';
import { Command, Option } from 'commander';
import { path } from '../api';
import { examples } from '../options';
import { type Columns } from '../output';
import { inSession, type Session } from '../session';
import { type Terminal } from '../terminal';

const columns = (by: string): Columns<UsageSum> => ({
  [by.replace(/^./, (letter) => letter.toUpperCase())]: ({ of }) => of || '(none)',
  Calls: ({ requests }) => requests,
  Refused: ({ refused }) => refused,
  Failed: ({ failed }) => failed,
  Bytes: ({ bytes }) => bytes,
  'Average ms': ({ averageMs }) => averageMs,
  '95 % ms': ({ p95Ms }) => p95Ms,
  'Slowest ms': ({ maxMs }) => maxMs,
});

/** `keyward usage`: how often APIs were called. */
export function usage(terminal: Terminal): Command {
  return new Command('usage')
    .description("how often an organization's APIs were called, by whom, and how they answered (--org)")
    .option('--api <api>', 'of one API')
    .option('--application <name>', 'by one application')
    .option('--from <time>', 'ISO 8601, a day ago by default')
    .option('--to <time>', 'ISO 8601, now by default')
    .addOption(new Option('--by <what>', 'what is added up').choices(USAGE_GROUPS).default('api'))
    .addHelpText(
      'after',
      examples('usage --org johnsorg --by application', 'usage --org johnsorg --api Pizza --by hour'),
    )
    .action((options: Record<string, string>, command: Command) =>
      inSession(terminal, command, async (session) => {
        const names = ['api', 'application', 'from', 'to', 'by'].filter((name) => options[name] !== undefined);
        const query = new URLSearchParams(Object.fromEntries(names.map((name) => [name, options[name] ?? ''])));
        const url = `${path`organizations/${session.organization}/usage`}?${query.toString()}`;
        const { sums } = await session.api.get<UsageReport>(url);
        session.list(options['by'] === 'application' ? await named(session, sums) : sums, columns(options['by'] ?? ''));
      }),
    );
}

/** Applications by their names. */
async function named(session: Session, sums: UsageSum[]): Promise<UsageSum[]> {
  const all = await session.api.list<Application>(path`organizations/${session.organization}/applications`);
  const names = new Map(all.map(({ id, name }) => [id, name]));
  return sums.map((sum) => ({ ...sum, of: names.get(sum.of) ?? sum.of }));
}
