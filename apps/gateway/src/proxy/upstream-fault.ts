import { Fault, type FaultName } from './fault';

/** A kept connection that the upstream closed while the request was on its way. */
export const isLostConnection = (error: unknown): boolean =>
  ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'].includes(codeOf(error));

const codeOf = (error: unknown): string => (error as { code?: string } | undefined)?.code ?? '';

const TIMED_OUT = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'UND_ERR_CONNECT_TIMEOUT', 'ETIMEDOUT']);
const VIOLATED = new Set(['UND_ERR_HEADERS_OVERFLOW', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'UND_ERR_INVALID_ARG']);
/** What an upstream says that HTTP does not know, or not to a client of this version. */
const UNSPEAKABLE = /^ERR_(?:HTTP|INVALID_CHAR)/;
/** No connection came about, be it for its certificate. */
const FAILED =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|ERR_TLS|ERR_SSL|CERT_|DEPTH_|SELF_SIGNED|UNABLE_TO)/;

/** What a failure of an upstream is to the client; which address failed and how is not its business. */
export function upstreamFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  return Object.assign(new Fault(faultNameOf(error, codeOf(error))), { cause: error });
}

function faultNameOf(error: unknown, code: string): FaultName {
  if (TIMED_OUT.has(code)) return isConnecting(error, code) ? 'connectTimedOut' : 'connectionTimedOut';
  if (VIOLATED.has(code) || UNSPEAKABLE.test(code) || (error as Error).name === 'HTTPParserError')
    return 'protocolViolated';
  return FAILED.test(code) ? 'connectionFailed' : 'connectionClosed';
}

/** The system's own limit may come before undici's. */
const isConnecting = (error: unknown, code: string): boolean =>
  code === 'UND_ERR_CONNECT_TIMEOUT' || (error as { syscall?: string }).syscall === 'connect';
