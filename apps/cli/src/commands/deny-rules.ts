import { DENIED_KINDS, type DenyRule } from '@keyward/contracts';
import { Argument, Command } from 'commander';
import { path } from '../api';
import { examples } from '../options';
import { type Columns } from '../output';
import { inSession, type Session } from '../session';
import { type Terminal } from '../terminal';

const columns: Columns<DenyRule> = {
  Id: ({ id }) => id,
  Kind: ({ kind }) => kind,
  Denied: ({ value }) => value,
  Active: ({ active }) => (active ? 'yes' : 'no'),
  Description: ({ description }) => description,
};

const rulesPath = (session: Session) => path`organizations/${session.organization}/deny-rules`;
const rulePath = (session: Session, id: string) => path`organizations/${session.organization}/deny-rules/${id}`;

/** `keyward deny-rules`: whose calls the APIs refuse. */
export function denyRules(terminal: Terminal): Command {
  const noun = new Command('deny-rules').alias('deny').description("whose calls an organization's APIs refuse (--org)");

  noun
    .command('create')
    .addArgument(new Argument('<kind>', 'what is denied').choices(DENIED_KINDS))
    .argument('<value>', 'an address, a range of them, or the name of an application, a user or an API')
    .option('--description <text>', 'why')
    .description('refuse all calls from addresses, of an application or a user, or to an API')
    .addHelpText(
      'after',
      examples('deny-rules create ip 192.0.2.0/24 --org johnsorg', 'deny-rules create user ann --org johnsorg'),
    )
    .action((kind: string, value: string, { description }: { description?: string }, command: Command) =>
      inSession(terminal, command, async (session) => {
        const body = { kind, value, description };
        session.show(await session.api.post<DenyRule>(rulesPath(session), body), columns);
      }),
    );

  noun
    .command('list')
    .description('list the rules')
    .addHelpText('after', examples('deny-rules list --org johnsorg'))
    .action((_options: object, command: Command) =>
      inSession(terminal, command, async (session) =>
        session.list(await session.api.list<DenyRule>(rulesPath(session)), columns),
      ),
    );

  for (const [verb, active, description] of [
    ['disable', false, 'let these calls pass for now'],
    ['enable', true, 'refuse these calls again'],
  ] as const)
    noun
      .command(`${verb} <id>`)
      .description(description)
      .addHelpText('after', examples(`deny-rules ${verb} 5f0c… --org johnsorg`))
      .action((id: string, _options: object, command: Command) =>
        inSession(terminal, command, async (session) =>
          session.show(await session.api.patch<DenyRule>(rulePath(session, id), { active }), columns),
        ),
      );

  noun
    .command('delete <id>')
    .description('delete a rule')
    .addHelpText('after', examples('deny-rules delete 5f0c… --org johnsorg'))
    .action((id: string, _options: object, command: Command) =>
      inSession(terminal, command, async (session) => {
        await session.api.delete(rulePath(session, id));
        session.done(`Deleted ${id}.`);
      }),
    );

  return noun;
}
