import type { ClientCredentials } from '@keyward/contracts';

/** RFC 7617 §2: the scheme in any case, then token68. */
const BASIC = /^basic +([A-Za-z0-9+/]+={0,2})$/i;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The ways a Basic header can be read: form-decoded as RFC 6749 §2.3.1 wants it, then as it stands, because many clients
 * do not encode (CA-02). Empty when it cannot be read at all (CA-10).
 */
export function readBasic(authorization: string): ClientCredentials[] {
  const decoded = decodeBase64(BASIC.exec(authorization)?.[1]);
  const colon = decoded?.indexOf(':') ?? -1;
  if (decoded === undefined || colon < 1) return [];
  const raw = { clientId: decoded.slice(0, colon), clientSecret: decoded.slice(colon + 1) };
  const readings = [formDecoded(raw), raw].filter((reading) => reading !== undefined).filter(isPossible);
  const [first, second] = readings;
  const same = first?.clientId === second?.clientId && first?.clientSecret === second?.clientSecret;
  return same ? readings.slice(0, 1) : readings;
}

function decodeBase64(encoded: string | undefined): string | undefined {
  if (encoded === undefined || encoded.replace(/=+$/, '').length % 4 === 1) return undefined;
  try {
    return utf8.decode(Buffer.from(encoded, 'base64'));
  } catch {
    return undefined;
  }
}

/** `application/x-www-form-urlencoded`, RFC 6749 appendix B; `undefined` for a `%` that begins no escape. */
function formDecoded({ clientId, clientSecret }: Required<ClientCredentials>): Required<ClientCredentials> | undefined {
  const decode = (value: string) => decodeURIComponent(value.replaceAll('+', ' '));
  try {
    return { clientId: decode(clientId), clientSecret: decode(clientSecret) };
  } catch {
    return undefined;
  }
}

const CONTROL = /[\u0000-\u001f\u007f]/;

/** Whether a pair may be asked about: no control characters (RFC 6749 appendix A.1, A.2), nothing empty or over-long. */
export function isPossible({ clientId, clientSecret }: ClientCredentials): boolean {
  if (clientId === '' || clientId.length > 255 || CONTROL.test(clientId)) return false;
  if (clientSecret === undefined) return true;
  return clientSecret !== '' && clientSecret.length <= 1024 && !CONTROL.test(clientSecret);
}
