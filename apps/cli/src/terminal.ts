import { createInterface } from 'node:readline';
import { type Readable, Writable } from 'node:stream';
import { CommandError } from './command-error';

/** What surrounds the command: everything it reads and writes outside the network and the home. */
export interface Terminal {
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: Readable & { isTTY?: boolean };
  out(text: string): void;
  err(text: string): void;
}

/**
 * Reads secrets from standard input, one a line, in the order they are asked for; on a terminal with a prompt and without
 * echo. Arguments are no place for them: everyone on the machine can read those.
 */
export async function readSecrets(terminal: Terminal, names: readonly string[]): Promise<string[]> {
  const { stdin } = terminal;
  const muted = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: stdin, output: muted, terminal: stdin.isTTY ?? false });
  const reader = lines[Symbol.asyncIterator]();
  const secrets: string[] = [];
  try {
    for (const name of names) {
      if (stdin.isTTY) terminal.err(`${name}: `);
      const { value, done } = (await reader.next()) as IteratorResult<string, undefined>;
      if (stdin.isTTY) terminal.err('\n');
      if (done || !value) throw new CommandError(`Standard input holds no ${name}: give it on a line of its own.`, 2);
      secrets.push(value);
    }
    return secrets;
  } finally {
    lines.close();
  }
}
