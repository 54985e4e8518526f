import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { BlockList, isIPv6 } from 'node:net';
import { ServiceError, type ClientCertificate } from '@keyward/contracts';
import type { ServerSettings } from '@keyward/runtime';

/** Longest value of the header, in characters. */
const LONGEST = 12_000;
const PEM = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** The certificates that clients show to the proxy in front, which alone has seen that they hold the key (RFC 8705 §6.5). */
export class ClientCertificates {
  private readonly proxies = new BlockList();
  private readonly authorities: readonly X509Certificate[];
  private readonly header?: string;

  constructor(
    settings: Pick<ServerSettings, 'trustedProxies' | 'clientCertificateHeader' | 'clientCertificateCaFile'>,
  ) {
    this.header = settings.clientCertificateHeader?.toLowerCase();
    for (const range of settings.trustedProxies) addRange(this.proxies, range);
    const pem = settings.clientCertificateCaFile ? readFileSync(settings.clientCertificateCaFile, 'utf8') : '';
    this.authorities = (pem.match(PEM) ?? []).map((one) => new X509Certificate(one));
  }

  /**
   * What a request's client has shown. `undefined` for all that does not come from a trusted proxy itself. Throws
   * `invalid_request` for several, of which nobody can say which one is the proxy's.
   */
  of(request: IncomingMessage): ClientCertificate | undefined {
    const value = this.valueOf(request);
    if (value && isSeveral(value))
      throw new ServiceError('invalid_request', 'there is more than one client certificate');
    const certificate = value && read(value);
    if (!certificate) return undefined;
    return { der: certificate.raw.toString('base64'), issued: this.isIssued(certificate) };
  }

  /** Its SHA-256 (RFC 8705 §3.1); `undefined` for several as well: a bound token is not taken with them. */
  thumbprintOf(request: IncomingMessage): string | undefined {
    const value = this.valueOf(request);
    const certificate = value && read(value);
    return certificate ? createHash('sha256').update(certificate.raw).digest('base64url') : undefined;
  }

  /** What a trusted proxy says. */
  private valueOf({ headers, socket }: IncomingMessage): string | undefined {
    const value = this.header === undefined ? undefined : headers[this.header];
    if (typeof value !== 'string') return undefined;
    const { remoteAddress = '' } = socket;
    return this.proxies.check(remoteAddress, isIPv6(remoteAddress) ? 'ipv6' : 'ipv4') ? value : undefined;
  }

  /** Whether one of the authorities has issued it, and it is its time: a proxy may let any certificate pass. */
  private isIssued(certificate: X509Certificate): boolean {
    const now = Date.now();
    if (Date.parse(certificate.validFrom) > now || Date.parse(certificate.validTo) < now) return false;
    return this.authorities.some(
      (authority) => authority.ca && certificate.checkIssued(authority) && certificate.verify(authority.publicKey),
    );
  }
}

/** Headers of one name are one with commas between them (RFC 9110 §5.3); no form of a certificate has one. */
const isSeveral = (value: string): boolean => value.includes(',');

function read(value: string): X509Certificate | undefined {
  if (value === '' || value.length > LONGEST || isSeveral(value)) return undefined;
  try {
    return new X509Certificate(decoded(value));
  } catch {
    return undefined;
  }
}

/** RFC 9440 §2.1 (`:base64:`), a PEM with its line ends percent-encoded, as nginx has it, or the bare base64. */
function decoded(value: string): Buffer | string {
  if (value.startsWith(':') && value.endsWith(':')) return Buffer.from(value.slice(1, -1), 'base64');
  const text = value.includes('%') ? decodeURIComponent(value) : value;
  return text.includes('-----BEGIN') ? text : Buffer.from(text, 'base64');
}

function addRange(list: BlockList, range: string): void {
  const [address = '', prefix] = range.split('/');
  const family = isIPv6(address) ? 'ipv6' : 'ipv4';
  if (prefix === undefined) list.addAddress(address, family);
  else list.addSubnet(address, Number(prefix), family);
}
