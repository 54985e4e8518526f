import { Command } from 'commander';
import { demo } from '../demo';
import { demoFileIn, homeOf, writeDemo } from '../demo-file';
import { examples } from '../options';
import { inSession } from '../session';
import { type Terminal } from '../terminal';

/** `keyward demo`: something to try tokens with. */
export const demoCommand = (terminal: Terminal): Command =>
  new Command('demo')
    .description('make the demo organization johnsorg, or renew its secrets, and print them as JSON')
    .addHelpText('after', examples('demo'))
    .action((_options: object, command: Command) =>
      inSession(terminal, command, async (session) => {
        const made = await demo(session.api);
        // The secrets that the home's file held until now have just ended.
        if (session.connection.demo) writeDemo(demoFileIn(homeOf(terminal.env)), made);
        session.json(made);
      }),
    );
