import { ServiceError, type Possession } from '@keyward/contracts';
import type { FastifyRequest } from 'fastify';
import { authorizationOf } from '../http/authorization';
import { Refusal } from '../http/refusal';
import type { ClientCertificates } from './certificates';
import { dpopChallenge, proofOf } from './dpop-proof';

/** An access token at one of Keyward's own resources, and what its bearer has shown to hold. */
export interface Presented {
  token: string;
  possession?: Possession;
}

/** Where a request was sent, as clients know it. */
export const urlOf = ({ raw }: FastifyRequest, publicUrl: string): string =>
  `${publicUrl}${raw.url?.split('?')[0] ?? ''}`;

/**
 * The access token of a request, by `Bearer` or `DPoP` (RFC 6750 §2.1, RFC 9449 §7.1): the header alone is read. Throws a
 * `Refusal` when there is none (RS-01), `invalid_token` for what is none.
 */
export async function presentedOf(
  request: FastifyRequest,
  publicUrl: string,
  certificates: ClientCertificates,
): Promise<Presented> {
  const [scheme = '', token = ''] = authorizationOf(request)?.split(/ (.*)/s) ?? [];
  const isDpop = scheme.toLowerCase() === 'dpop';
  if (!isDpop && scheme.toLowerCase() !== 'bearer')
    throw new Refusal(401, 'unauthorized', undefined, { 'www-authenticate': 'Bearer realm="keyward"' });
  if (token.length > 8192 || !/^[\w.~+/-]+=*$/.test(token)) throw new ServiceError('invalid_token');
  const certificate = certificates.thumbprintOf(request.raw);
  if (!isDpop) return { token, possession: certificate === undefined ? undefined : { certificate } };
  const dpop = await proofOf(request.raw, { url: urlOf(request, publicUrl), token });
  if (!dpop) throw invalidProof();
  return { token, possession: { dpop, certificate } };
}

/** What the token service finds wrong with a proof beside an access token, as a resource says it (RFC 9449 §7.1, §9); all else as it is. */
export function challengedProof(error: unknown): unknown {
  if (!(error instanceof ServiceError)) return error;
  if (error.code === 'invalid_dpop_proof') return invalidProof();
  if (error.code !== 'use_dpop_nonce' || error.dpopNonce === undefined) return error;
  return new Refusal(401, error.code, 'the DPoP proof needs this nonce', {
    'www-authenticate': dpopChallenge(', error="use_dpop_nonce"'),
    'dpop-nonce': error.dpopNonce,
  });
}

const invalidProof = (): Refusal =>
  new Refusal(401, 'invalid_dpop_proof', 'the DPoP proof is not valid', {
    'www-authenticate': dpopChallenge(', error="invalid_dpop_proof"'),
  });
