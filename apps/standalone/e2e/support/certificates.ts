import { createHash, X509Certificate } from 'node:crypto';
import { generate } from 'selfsigned';

/** A certificate and its key. */
export interface Made {
  cert: string;
  key: string;
  /** As RFC 9440 has it in a header. */
  header: string;
  /** As a JWK has it. */
  x5c: string;
  /** RFC 8705 §3.1. */
  thumbprint: string;
}

/** The parts of a name. */
export type Subject = { shortName?: string; name?: string; value: string }[];

/** Makes one of that name, of an authority or of its own. */
export async function makeCertificate(subject: Subject, extensions: object[], authority?: Made): Promise<Made> {
  const signer = authority && { ca: { key: authority.key, cert: authority.cert } };
  const options = { keyType: 'ec' as const, algorithm: 'sha256', extensions: extensions as never, ...signer };
  const { cert, private: key } = await generate(subject, options);
  const { raw } = new X509Certificate(cert);
  const x5c = raw.toString('base64');
  return { cert, key, x5c, header: `:${x5c}:`, thumbprint: createHash('sha256').update(raw).digest('base64url') };
}

/** Extensions of an authority. */
export const IS_AUTHORITY = [
  { name: 'basicConstraints', cA: true },
  { name: 'keyUsage', keyCertSign: true },
];

/** The JWK set of `self_signed_tls_client_auth` (RFC 8705 §2.2.2). */
export function jwksOf({ cert, x5c }: Made): object {
  const { x, y } = new X509Certificate(cert).publicKey.export({ format: 'jwk' });
  return { keys: [{ kty: 'EC', crv: 'P-256', x, y, x5c: [x5c] }] };
}
