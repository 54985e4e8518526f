import type { LoggerService } from '@nestjs/common';
import { pino, stdTimeFunctions, type DestinationStream, type Logger as Pino } from 'pino';
import { redact, redactText } from './redact';
import type { LogLevel } from './settings/process';

type Fields = Readonly<Record<string, unknown>>;
type Level = Exclude<LogLevel, 'silent'>;

/** Writes one line: a text, or fields with their text after them or as `message` among them. */
type Write = (what: unknown, ...rest: unknown[]) => void;

/** The log of a service; Nest and our own code write to the same one, as JSON lines. */
export interface Logger extends LoggerService {
  fatal: Write;
  error: Write;
  warn: Write;
  info: Write;
  debug: Write;
  trace: Write;
  /** Nest's name of `info`. */
  log: Write;
  /** Nest's name of `trace`. */
  verbose: Write;
  /** The same log with fields on every line. */
  child(fields: Fields): Logger;
}

/** `stream` is standard output when absent. */
export interface LoggerOptions {
  level?: LogLevel;
  stream?: DestinationStream;
}

/** A log with ISO times, level names and the service's name on every line, and without secrets (`redact`). */
export function createLogger(service: string, { level = 'info', stream }: LoggerOptions = {}): Logger {
  const options = {
    level,
    base: { service, pid: process.pid },
    messageKey: 'message',
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return over(stream ? pino(options, stream) : pino(options));
}

function over(lines: Pino): Logger {
  const write =
    (level: Level): Write =>
    (what, ...rest) => {
      if (!lines.isLevelEnabled(level)) return;
      const { message, ...fields } = lineOf(what, rest);
      lines[level](redact(fields), message === undefined ? undefined : redactText(message));
    };
  const [info, debug, trace] = [write('info'), write('debug'), write('trace')];
  return {
    fatal: write('fatal'),
    error: write('error'),
    warn: write('warn'),
    info,
    debug,
    trace,
    log: (what, ...rest) => (isStartUpChatter(rest) ? debug : info)(what, ...rest),
    verbose: trace,
    child: (fields) => over(lines.child(redact(fields) as Fields)),
  };
}

/** What Nest says of its own start. */
const isStartUpChatter = (rest: unknown[]): boolean =>
  /^(Nest\w+|InstanceLoader|Route(sResolver|rExplorer))$/.test(String(rest.at(-1)));

/** Our own calls and Nest's: `(text, context)`, `(text, stack, context)`, `(error)`, `(fields, text)`. */
function lineOf(what: unknown, rest: unknown[]): Fields & { message?: string } {
  const texts = rest.filter((item) => typeof item === 'string');
  const error = rest.find((item) => item instanceof Error);
  if (what instanceof Error) return { error: what, message: texts[0] ?? what.message };
  if (typeof what !== 'object' || what === null) {
    const stack = texts.find((text) => text.includes('\n    at '));
    const context = texts.filter((text) => text !== stack).at(-1);
    return { ...(context && { context }), ...(stack && { stack }), ...(error && { error }), message: String(what) };
  }
  const { message, ...fields } = what as { message?: unknown };
  return { ...fields, ...(error && { error }), message: typeof message === 'string' ? message : texts[0] };
}
