import { type Application, type ApplicationPlan, type ApplicationUser } from '@keyward/contracts';
import { Command } from 'commander';
import { path } from '../api';
import { changes, examples, onOff } from '../options';
import { type Columns } from '../output';
import { inSession, type Session } from '../session';
import { type Terminal } from '../terminal';

const columns: Columns<Application> = {
  Name: ({ name }) => name,
  'Multi-organization': ({ multiOrganization }) => multiOrganization,
  'Strict scopes': ({ strictScopes }) => strictScopes,
  Created: ({ createdAt }) => createdAt,
};

const userColumns: Columns<ApplicationUser> = {
  User: ({ username }) => username ?? '(deleted)',
  Id: ({ sub }) => sub,
  Grant: ({ grant }) => grant,
  First: ({ firstAt }) => firstAt,
  Last: ({ lastAt }) => lastAt,
};

const planColumns: Columns<ApplicationPlan> = { Plan: ({ plan }) => plan ?? 'unlimited' };

const MULTI = [
  '--multi-organization <on|off>',
  "let users of other organizations sign in; the operator's decision",
] as const;
const STRICT = [
  '--strict-scopes <on|off>',
  'answer an unknown scope with invalid_scope instead of dropping it',
] as const;

interface Switches {
  multiOrganization?: boolean;
  strictScopes?: boolean;
}

const applicationPath = (session: Session, name: string) =>
  path`organizations/${session.organization}/applications/${name}`;

/** `keyward applications`: what developers register; it holds consumer keys. */
export function applications(terminal: Terminal): Command {
  const noun = new Command('applications').alias('apps').description('the applications of an organization (--org)');

  noun
    .command('create <name>')
    .description('register an application')
    .option(...MULTI, onOff)
    .option(...STRICT, onOff)
    .addHelpText('after', examples('applications create shop --org johnsorg'))
    .action((name: string, { multiOrganization, strictScopes }: Switches, command: Command) =>
      inSession(terminal, command, async (session) => {
        const url = path`organizations/${session.organization}/applications`;
        const body = { name, multiOrganization, strictScopes };
        session.show(await session.api.post<Application>(url, body), columns);
      }),
    );

  noun
    .command('list')
    .description('list the applications')
    .addHelpText('after', examples('applications list --org johnsorg'))
    .action((_options: object, command: Command) =>
      inSession(terminal, command, async (session) => {
        const url = path`organizations/${session.organization}/applications`;
        session.list(await session.api.list<Application>(url), columns);
      }),
    );

  noun
    .command('show <name>')
    .description('show one application')
    .addHelpText('after', examples('applications show shop --org johnsorg'))
    .action((name: string, _options: object, command: Command) =>
      inSession(terminal, command, async (session) =>
        session.show(await session.api.get<Application>(applicationPath(session, name)), columns),
      ),
    );

  noun
    .command('update <name>')
    .description("change an application's name or switches")
    .option('--name <name>', 'its new name')
    .option(...MULTI, onOff)
    .option(...STRICT, onOff)
    .addHelpText('after', examples('applications update shop --org johnsorg --strict-scopes on'))
    .action((name: string, options: Switches & { name?: string }, command: Command) =>
      inSession(terminal, command, async (session) => {
        const { multiOrganization, strictScopes } = options;
        const body = changes({ name: options.name, multiOrganization, strictScopes });
        session.show(await session.api.patch<Application>(applicationPath(session, name), body), columns);
      }),
    );

  noun
    .command('users <name>')
    .description('list who was given tokens through it, whether or not any is still alive')
    .addHelpText('after', examples('applications users shop --org johnsorg'))
    .action((name: string, _options: object, command: Command) =>
      inSession(terminal, command, async (session) => {
        const url = `${applicationPath(session, name)}/users`;
        session.list(await session.api.list<ApplicationUser>(url), userColumns);
      }),
    );

  noun
    .command('plan <name> <plan>')
    .description('give an application a plan, whose quota each of its users has; an empty one takes it away')
    .addHelpText('after', examples('applications plan shop 20PerMin --org johnsorg'))
    .action((name: string, plan: string, _options: object, command: Command) =>
      inSession(terminal, command, async (session) => {
        const url = `${applicationPath(session, name)}/plan`;
        session.show(await session.api.patch<ApplicationPlan>(url, { plan: plan || null }), planColumns);
      }),
    );

  noun
    .command('delete <name>')
    .description(
      'delete an application with its consumer keys; their tokens end, but to who verifies JWTs by itself they live until they expire',
    )
    .addHelpText('after', examples('applications delete shop --org johnsorg'))
    .action((name: string, _options: object, command: Command) =>
      inSession(terminal, command, async (session) => {
        await session.api.delete(applicationPath(session, name));
        session.done(`Deleted ${name}.`);
      }),
    );

  return noun;
}
