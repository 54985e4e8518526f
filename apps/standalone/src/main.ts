import { ConfigError } from '@keyward/runtime';
import { once } from 'node:events';
import { greeting } from './greeting';
import { type Start, startStandalone } from './standalone';
import { StartError } from './start-error';
import { undoAll } from './undo';

/** sysexits.h: EX_CONFIG. */
const CONFIG_EXIT = 78;
/** npm passes on a Ctrl-C that the terminal has sent here as well: one that follows at once is the same. */
const SAME_MS = 1000;

const elapsed = () => process.uptime().toFixed(1);
const stop = new AbortController();
const undo: Start['undo'] = [];

let signalledAt = 0;
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(name, () => {
    if (signalledAt > 0 && Date.now() - signalledAt > SAME_MS) process.exit(1);
    signalledAt ||= Date.now();
    stop.abort();
  });
for (const name of ['uncaughtException', 'unhandledRejection'] as const)
  process.on(name, (error) => {
    fail(error);
    stop.abort();
  });

async function main(): Promise<void> {
  const standalone = await startStandalone({
    env: process.env,
    done: (phase) => process.stdout.write(`${elapsed().padStart(5)} s  ${phase}\n`),
    warn: (text) => process.stderr.write(`warning: ${text}\n`),
    signal: stop.signal,
    undo,
  });
  process.stdout.write(greeting(standalone, elapsed()));
  if (!stop.signal.aborted) await once(stop.signal, 'abort');
}

function fail(error: unknown): void {
  if (stop.signal.aborted) return; // A start that was ended is no failure.
  const said = error instanceof ConfigError || error instanceof StartError ? error.message : (error as Error).stack;
  process.stderr.write(`\n${said ?? String(error)}\n`);
  process.exitCode = error instanceof ConfigError ? CONFIG_EXIT : 1;
}

void main()
  .catch(fail)
  .then(async () => {
    if (stop.signal.aborted) process.stdout.write('\nStopping.\n');
    await undoAll(undo);
    process.exit();
  })
  .catch((error: unknown) => {
    process.stderr.write(`\nNot stopped cleanly: ${(error as Error).stack}\n`);
    process.exit(1);
  });
