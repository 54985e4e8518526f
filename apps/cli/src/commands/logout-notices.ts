import { type LogoutNotice } from '@keyward/contracts';
import { Command } from 'commander';
import { path } from '../api';
import { examples } from '../options';
import { type Columns } from '../output';
import { inSession, type Session } from '../session';
import { type Terminal } from '../terminal';

const columns: Columns<LogoutNotice> = {
  Session: ({ sessionId }) => sessionId,
  'Consumer key': ({ consumerKey }) => consumerKey,
  Ended: ({ endedAt }) => endedAt,
  Attempts: ({ attempts }) => attempts,
  'Last answer': ({ problem }) => problem,
  Next: ({ nextAt }) => nextAt ?? 'given up',
};

const EXAMPLE = '019b0000-0000-7000-8000-000000000001 wU62DjlyDBnq87GlBwplfqvmAbAa --org johnsorg';

/** `keyward logout-notices`: clients that have still to be told of a session's end. */
export function logoutNotices(terminal: Terminal): Command {
  const noun = new Command('logout-notices').description(
    'clients of an organization (--org) that have not taken the notice of a session that ended',
  );
  const named = (session: Session, id: string, consumerKey: string) =>
    path`organizations/${session.organization}/logout-notices/${id}/${consumerKey}`;

  noun
    .command('list')
    .description('list them')
    .option('--consumer-key <key>', 'only those for this client')
    .addHelpText('after', examples('logout-notices list --org johnsorg'))
    .action(({ consumerKey }: { consumerKey?: string }, command: Command) =>
      inSession(terminal, command, async (session) => {
        const url = path`organizations/${session.organization}/logout-notices`;
        const only: Record<string, string> = consumerKey === undefined ? {} : { consumerKey };
        session.list(await session.api.list<LogoutNotice>(url, only), columns);
      }),
    );

  noun
    .command('retry <session> <consumer-key>')
    .description('tell a client now, also one that was given up')
    .addHelpText('after', examples(`logout-notices retry ${EXAMPLE}`))
    .action((id: string, consumerKey: string, _options: object, command: Command) =>
      inSession(terminal, command, async (session) => {
        await session.api.post(`${named(session, id, consumerKey)}/retry`);
        session.done(`${consumerKey} is told now.`);
      }),
    );

  noun
    .command('drop <session> <consumer-key>')
    .description('tell a client no more')
    .addHelpText('after', examples(`logout-notices drop ${EXAMPLE}`))
    .action((id: string, consumerKey: string, _options: object, command: Command) =>
      inSession(terminal, command, async (session) => {
        await session.api.delete(named(session, id, consumerKey));
        session.done(`${consumerKey} is not told.`);
      }),
    );

  return noun;
}
