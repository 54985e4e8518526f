import { ConfigError } from './config-error';
import { loadConfig, type Config } from './config';
import { startHealth, type Readiness } from './health';
import { createLogger, type Logger } from './logger';
import type { SettingsClass } from './setting';
import { ProcessSettings } from './settings/process';
import { processSources } from './sources';

/** Something started: what a service's `start<Name>` returns. */
export interface Running {
  close(): Promise<void>;
  /** What `/health/ready` answers: `() => readiness({ … })`. */
  ready?(): Readiness | Promise<Readiness>;
}

/** sysexits.h: EX_CONFIG. */
const CONFIG_EXIT = 78;
/** How long a service may take to finish what it has in hand, milliseconds. */
const CLOSING_LIMIT = 10_000;

/** The parts of `process` that a lifecycle needs. */
export interface Host {
  on(event: string, listener: (cause: unknown) => void): unknown;
  exit(code: number): void;
}

/**
 * Starts, and closes at SIGTERM or SIGINT: once, within ten seconds; a second signal exits at once. A start that fails and an
 * error that nobody handled exit with 1, settings that are wrong with 78 and their list alone.
 */
export async function runUntilSignal(
  start: () => Promise<Running>,
  logger: Logger,
  host: Host = process,
): Promise<void> {
  const started = start();
  let closing = false;
  const stop = (signal: string) => {
    if (closing) return host.exit(1);
    closing = true;
    logger.info({ signal }, 'stopping');
    setTimeout(() => {
      logger.error('not stopped in time');
      host.exit(1);
    }, CLOSING_LIMIT).unref();
    started
      .then((running) => running.close())
      .then(() => {
        logger.info('stopped');
        host.exit(0);
      }, fail('stopping failed'));
  };
  const fail = (text: string) => (error: unknown) => {
    if (error instanceof ConfigError) refuse(error, host);
    else {
      logger.fatal({ error }, text);
      host.exit(1);
    }
  };
  host.on('SIGTERM', () => stop('SIGTERM'));
  host.on('SIGINT', () => stop('SIGINT'));
  host.on('uncaughtException', fail('uncaught exception'));
  host.on('unhandledRejection', fail('unhandled rejection'));
  await started.then(() => logger.info('ready'), closing ? undefined : fail('start failed'));
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

/** The listener is there first, so that a slow start is seen as live and not ready. */
async function withHealth(start: () => Promise<Running>, port: number | undefined): Promise<Running> {
  if (port === undefined) return start();
  let running: Running | undefined;
  const listener = await startHealth(
    () => running?.ready?.() ?? { status: running ? 'ready' : 'not ready', checks: {} },
    port,
  );
  running = await start();
  const { close } = running;
  return {
    ...running,
    close: async () => {
      await close();
      await listener.close();
    },
  };
}

function refuse(error: ConfigError, host: Host): void {
  process.stderr.write(`${error.message}\n`);
  host.exit(CONFIG_EXIT);
}
