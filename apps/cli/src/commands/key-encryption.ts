import { type KeyEncryptionKey, type KeyEncryptionUse, type Rewrapped } from '@keyward/contracts';
import { Command } from 'commander';
import { path } from '../api';
import { CommandError } from '../command-error';
import { examples } from '../options';
import { type Columns } from '../output';
import { inSession, type Session } from '../session';
import { type Terminal } from '../terminal';

const columns: Columns<KeyEncryptionKey> = {
  Key: ({ id }) => id,
  Newest: ({ newest }) => newest,
  Configured: ({ configured }) => configured,
  Sealed: ({ sealed }) => sealed,
};

const stepColumns: Columns<Rewrapped> = {
  'Everything is sealed under': ({ newest }) => newest,
  'Sealed again': ({ rewrapped }) => rewrapped,
};

/** `keyward key-encryption`: under which keys the signing keys of all organizations are sealed. */
export function keyEncryption(terminal: Terminal): Command {
  const noun = new Command('key-encryption').description('the keys that signing keys are sealed under');

  noun
    .command('list')
    .description('list the key-encryption keys and how much is sealed under each: at 0, one may be taken away')
    .addHelpText('after', examples('key-encryption list'))
    .action((_options: object, command: Command) =>
      inSession(terminal, command, async (session) => {
        session.list((await session.api.get<KeyEncryptionUse>(path`key-encryption`)).keys, columns);
      }),
    );

  noun
    .command('rewrap')
    .description(
      'seal everything under the newest key; may be stopped and begun again, and tokens are signed meanwhile',
    )
    .addHelpText('after', examples('key-encryption rewrap'))
    .action((_options: object, command: Command) => inSession(terminal, command, rewrap));

  return noun;
}

async function rewrap(session: Session): Promise<void> {
  const sum = { rewrapped: 0, failed: 0 };
  let step: Rewrapped;
  let after: string | undefined;
  do {
    step = await session.api.post<Rewrapped>(path`key-encryption/rewrap`, { after });
    sum.rewrapped += step.rewrapped;
    sum.failed += step.failed;
    after = step.next;
    session.note(`${sum.rewrapped} sealed under ${step.newest}, ${step.remaining} to go`);
  } while (after !== undefined);
  if (step.remaining > 0)
    throw new CommandError(
      `${step.remaining} are still sealed under other keys, ${sum.failed} of them because they did not open: ` +
        "the key manager's log says why. Nothing was lost; run it again.",
    );
  session.show({ ...step, ...sum }, stepColumns);
}
