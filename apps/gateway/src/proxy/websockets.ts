import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { Upgrade } from '../http/upgrades';
import { Fault } from './fault';
import type { Meter } from './forward';
import type { Lane } from './turns';
import { upstreamFault } from './upstream-fault';
import type { Upstreams } from './upstreams';

/** How often it is asked whether an open WebSocket may still be, milliseconds: so long it may outlive its caller's rights. */
const CHECK_MS = 1000;
/** What of an upstream's answer belongs to the handshake (RFC 6455 §4.2.2). */
const HANDSHAKE = ['sec-websocket-accept', 'sec-websocket-protocol', 'sec-websocket-extensions'];

/** A request for a WebSocket that may pass. */
export interface Opening {
  origin: string;
  lane: Lane;
  path: string;
  headers: string[];
  /** Headers of the answer that are the gateway's. */
  own: OutgoingHttpHeaders;
  meter: Meter;
  /** Says whether it would still pass. */
  mayStay: () => Promise<boolean>;
  /** Charges bytes that went through. Says whether more may. */
  charge: (bytes: number) => Promise<boolean>;
  /** Hears that it is over. */
  closed: () => void;
}

/** Connections that have become WebSockets. */
export class WebSockets {
  /** Ways to end them. */
  private readonly open = new Set<() => void>();

  /** Joins a client and an upstream that agrees. Rejects with the fault of one that does not, or was not asked as the client is gone. */
  async join(upstreams: Upstreams, response: ServerResponse, client: Upgrade, opening: Opening): Promise<void> {
    const { socket, head } = client;
    const { origin, lane, path, headers } = opening;
    await upstreams.turns.take(lane);
    // Its end, while it waited, is not told again. Nobody has heard of the upstream, which may be left alone (circuits.ts).
    if (socket.destroyed) {
      upstreams.turns.leave(lane);
      throw new Fault('connectionClosed');
    }
    const gone = new AbortController();
    const onGone = () => gone.abort();
    socket.once('close', onGone);
    const asked = { origin, path, headers, method: 'GET', protocol: 'websocket', signal: gone.signal };
    const answer = await upstreams.agent
      .upgrade(asked as Dispatcher.UpgradeOptions)
      .catch((error: unknown) => {
        throw upstreamFault(error);
      })
      .finally(() => upstreams.turns.leave(lane));
    socket.off('close', onGone);
    if (socket.destroyed) {
      answer.socket.destroy();
      return;
    }
    response.detachSocket(socket);
    socket.write(handshake(answer.headers, opening.own));
    if (head.length > 0) answer.socket.write(head);
    opening.meter.received = head.length;
    this.keep(socket, answer.socket, opening);
  }

  /** They would keep a gateway that stops: clients come again, to another one. */
  close(): void {
    for (const end of [...this.open]) end();
  }

  private keep(client: Duplex, upstream: Duplex, { meter, mayStay, charge, closed }: Opening): void {
    let charged = 0;
    const goesOn = (): Promise<boolean> => {
      const before = charged;
      charged = meter.bytes + (meter.received ?? 0);
      return charge(charged - before);
    };
    const end = () => {
      clearInterval(timer);
      if (this.open.has(end)) void goesOn();
      client.destroy();
      upstream.destroy();
      if (this.open.delete(end)) closed();
    };
    this.open.add(end);
    const timer = setInterval(() => {
      void Promise.all([goesOn(), mayStay()]).then((may) => (may.includes(false) ? end() : undefined));
    }, CHECK_MS);
    upstream.on('data', (chunk: Buffer) => (meter.bytes += chunk.length));
    client.on('data', (chunk: Buffer) => (meter.received = (meter.received ?? 0) + chunk.length));
    for (const side of [client, upstream]) side.on('error', end).on('close', end);
    upstream.pipe(client);
    client.pipe(upstream);
  }
}

function handshake(answer: Record<string, string | string[] | undefined>, own: OutgoingHttpHeaders): string {
  const agreed = HANDSHAKE.map((name) => [name, answer[name]] as const);
  const all = [['connection', 'Upgrade'], ['upgrade', 'websocket'], ...agreed, ...Object.entries(own)] as const;
  const lines = all.flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${String(value)}\r\n`]));
  return `HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`;
}
