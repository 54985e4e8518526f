import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { LoggerService } from '@nestjs/common';
import { connect, Events, type NatsConnection } from 'nats';

/** How NATS is reached. */
export interface NatsOptions {
  /** `nats://host:port`, or `tls://host:port`. */
  url: string;
  /** The service's name: of its connection and of its private inbox, which no other NATS user may read. */
  name: string;
  user?: string;
  password?: string;
  /** The certificate authority of a `tls://` server, when it is not a public one. */
  caFile?: string;
  /** Told while NATS is waited for. */
  logger?: LoggerService;
}

/** How often it is tried, and how often it is said that there is no connection, milliseconds. */
const AGAIN_MS = 250;
const SAY_EVERY_MS = 3000;

/**
 * Connects to NATS, waiting for a server that is not there yet; reconnects for ever. One that refuses us is waited for as
 * well: a password is changed at the server and at its users one after the other.
 */
export async function connectToNats(options: NatsOptions): Promise<NatsConnection> {
  const { url, name, user, password, caFile } = options;
  const settings = {
    servers: url.replace(/^tls:/, 'nats:'),
    name,
    user,
    pass: password,
    tls: url.startsWith('tls:') ? { ca: caFile && readFileSync(caFile, 'utf8') } : undefined,
    ignoreAuthErrorAbort: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: AGAIN_MS,
    reconnectJitter: 100,
    pingInterval: 5000,
    maxPingOut: 2,
  };
  const waiting = sayWhileWaiting(options);
  // The client's own waiting for the first connection never tells what is wrong.
  for (;;)
    try {
      const connection = await connect(settings);
      waiting.reason = undefined;
      void follow(connection, waiting).finally(() => waiting.end());
      return connection;
    } catch (error) {
      waiting.reason = (error as Error).message;
      await pause(AGAIN_MS);
    }
}

/** Why there is no connection; `undefined` while there is one. */
interface Waiting {
  reason?: string;
  end(): void;
}

function sayWhileWaiting({ url, logger }: NatsOptions): Waiting {
  const { protocol, host } = new URL(url); // and not the password that may be before the host
  const timer = setInterval(() => {
    if (waiting.reason !== undefined) logger?.warn(`waiting for NATS at ${protocol}//${host}: ${waiting.reason}`);
  }, SAY_EVERY_MS).unref();
  const waiting: Waiting = { reason: 'no answer yet', end: () => clearInterval(timer) };
  return waiting;
}

/** Until the connection is closed. */
async function follow(connection: NatsConnection, waiting: Waiting): Promise<void> {
  for await (const { type, data } of connection.status()) {
    if (type === Events.Disconnect) waiting.reason ??= 'the connection is lost';
    if (type === Events.Error && waiting.reason !== undefined && typeof data === 'string') waiting.reason = data;
    if (type === Events.Reconnect) waiting.reason = undefined;
  }
}
