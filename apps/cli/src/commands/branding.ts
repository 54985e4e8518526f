import { type Branding } from '@keyward/contracts';
import { Command } from 'commander';
import { readFileSync } from 'node:fs';
import { path } from '../api';
import { CommandError } from '../command-error';
import { changes, examples } from '../options';
import { type Columns } from '../output';
import { inSession, type Session } from '../session';
import { type Terminal } from '../terminal';

const columns: Columns<Branding> = {
  Colour: ({ colour }) => colour ?? "Keyward's",
  Logo: ({ logo, logoType }) => (logo ? `${logoType}, ${Buffer.from(logo, 'base64').length} bytes` : 'none'),
};

const urlOf = ({ organization }: Session) => path`organizations/${organization}/branding`;

/** `keyward branding`: how an organization's sign-in pages look. */
export function branding(terminal: Terminal): Command {
  const noun = new Command('branding').description("how an organization's sign-in pages look (--org)");

  noun
    .command('show')
    .description('show colour and logo')
    .addHelpText('after', examples('branding show --org johnsorg'))
    .action((_options: object, command: Command) =>
      inSession(terminal, command, async (session) =>
        session.show(await session.api.get<Branding>(urlOf(session)), columns),
      ),
    );

  noun
    .command('set')
    .description('change colour or logo; what is not named stays')
    .option('--colour <#rrggbb>', 'of buttons and links; the pages keep them readable, light and dark')
    .option('--logo <file>', 'a PNG or JPEG of at most 20 KiB and 1024 pixels')
    .option('--no-logo', 'none any more')
    .addHelpText('after', examples("branding set --colour '#7a1f3d' --logo logo.png --org johnsorg"))
    .action(({ colour, logo }: { colour?: string; logo?: string | false }, command: Command) =>
      inSession(terminal, command, async (session) => {
        const picture = logo === false ? null : logo && readPicture(logo);
        changes({ colour, logo: picture });
        const now = await session.api.get<Branding>(urlOf(session));
        const body = { colour: colour ?? now.colour, logo: picture === undefined ? now.logo : picture };
        session.show(await session.api.put<Branding>(urlOf(session), body), columns);
      }),
    );

  noun
    .command('reset')
    .description("let them look as Keyward's own again")
    .addHelpText('after', examples('branding reset --org johnsorg'))
    .action((_options: object, command: Command) =>
      inSession(terminal, command, async (session) => {
        await session.api.delete(urlOf(session));
        session.done(`The pages of ${session.organization} look as Keyward's own.`);
      }),
    );

  return noun;
}

function readPicture(file: string): string {
  try {
    return readFileSync(file).toString('base64');
  } catch (error) {
    throw new CommandError(`The logo cannot be read: ${(error as Error).message}.`, 2);
  }
}
