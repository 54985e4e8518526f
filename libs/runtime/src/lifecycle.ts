import { loadConfig, type Config } from './config';
import { ConfigError } from './config-error';
import { startHealth, type Readiness } from './health';
import { createLogger, type Logger } from './logger';
import type { SettingsClass } from './setting';
import { ProcessSettings } from './settings/process';
import { processSources } from './sources';

/** Something started: what a service's `start<Name>` returns. */
export interface Running {
  /** Finishes what is in hand, then lets go of everything. */
  close(): Promise<void>;
  /** What `/health/ready` answers: `() => readiness({ … })`. */
  ready?(): Readiness | Promise<Readiness>;
}

/** The parts of `process` that a lifecycle needs. */
export interface Host {
  on(event: string, listener: (cause: unknown) => void): unknown;
  exit(code: number): void;
  stderr: { write(text: string): unknown };
}

/** EX_CONFIG of sysexits.h. */
const CONFIG_EXIT = 78;
/** How long stopping may take, milliseconds. */
const CLOSING_LIMIT = 10_000;

/**
 * Starts, and closes at SIGTERM or SIGINT: once, within ten seconds; a second signal, or one before all is started, exits at once. A start that fails and
 * an error that nobody handled exit with 1, settings that are wrong with 78 and their list alone.
 */
export async function runUntilSignal(
  start: () => Promise<Running>,
  logger: Logger,
  host: Host = process,
): Promise<void> {
  const die = (text: string) => (error: unknown) => {
    if (error instanceof ConfigError) refuse(error, host);
    else {
      logger.fatal({ error }, text);
      host.exit(1);
    }
  };
  host.on('uncaughtException', die('uncaught exception'));
  host.on('unhandledRejection', die('unhandled rejection'));
  const signal = firstSignal(logger, host);
  try {
    const running = await Promise.race([start(), signal]);
    if (running) {
      logger.info('ready');
      await signal;
      await running.close();
    }
    logger.info('stopped'); // A start still waiting for its neighbours has nothing in hand that would be lost.
    host.exit(0);
  } catch (error) {
    die('failed')(error);
  }
}

/** Whole main.ts of a service: its settings, its log, its health listener, its life. `config.process` is always there. */
export async function runService<C extends Record<string, SettingsClass>>(
  name: string,
  classes: C,
  start: (config: Config<C & { process: typeof ProcessSettings }>, logger: Logger) => Promise<Running>,
): Promise<void> {
  try {
    const warnings: string[] = [];
    const config = loadConfig(
      { ...classes, process: ProcessSettings },
      processSources((text) => warnings.push(text)),
    );
    const { logLevel, healthPort } = config.process;
    const logger = createLogger(name, { level: logLevel });
    for (const warning of warnings) logger.warn(warning);
    await runUntilSignal(() => withHealth(() => start(config, logger), healthPort), logger);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    refuse(error, process);
  }
}

/** The listener is there first and goes last, so that a slow start and a slow stop are seen as live and not ready. */
async function withHealth(start: () => Promise<Running>, port: number | undefined): Promise<Running> {
  if (port === undefined) return start();
  const now: { running?: Running } = {};
  const ready = () => now.running?.ready?.() ?? { status: now.running ? 'ready' : 'not ready', checks: {} };
  const listener = await startHealth(ready, port);
  const running = (now.running = await start());
  return {
    close: async () => {
      now.running = undefined;
      await running.close();
      await listener.close();
    },
  };
}

function firstSignal(logger: Logger, host: Host): Promise<undefined> {
  let stopping = false;
  return new Promise((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'])
      host.on(name, () => {
        if (stopping) {
          host.exit(1);
          return;
        }
        stopping = true;
        logger.info({ signal: name }, 'stopping');
        setTimeout(() => {
          logger.error('not stopped in time');
          host.exit(1);
        }, CLOSING_LIMIT).unref();
        resolve(undefined);
      });
  });
}

function refuse(error: ConfigError, host: Host): void {
  host.stderr.write(`${error.message}\n`);
  host.exit(CONFIG_EXIT);
}
