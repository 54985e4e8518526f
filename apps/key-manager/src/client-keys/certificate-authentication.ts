import { X509Certificate } from 'node:crypto';
import type { CertificateSubject, ClientCertificate } from '@keyward/contracts';
import type { KnownClient } from '../clients/client-cache';

/** Whether a certificate is that of a client, RFC 8705 §2. That its key is held, whoever sent it has seen. */
export function provesByCertificate(known: KnownClient, { der, issued }: ClientCertificate): boolean {
  const certificate = read(der);
  if (!certificate) return false;
  if (known.method === 'tls_client_auth')
    return issued && known.certificateSubject !== null && isOf(certificate, known.certificateSubject);
  // §2.2: who issued it does not matter, it is the registered one itself.
  if (known.method === 'self_signed_tls_client_auth')
    return (known.jwks?.keys ?? []).some(({ x5c }) => x5c?.[0] !== undefined && isSame(certificate, x5c[0]));
  return false;
}

function read(der: string): X509Certificate | undefined {
  try {
    return new X509Certificate(Buffer.from(der, 'base64'));
  } catch {
    return undefined;
  }
}

const isSame = ({ raw }: X509Certificate, registered: string): boolean => raw.equals(Buffer.from(registered, 'base64'));

/** RFC 8705 §2.1.2: the one name that is registered, exactly. */
function isOf(
  certificate: X509Certificate,
  { subjectDn, sanDns, sanUri, sanIp, sanEmail }: CertificateSubject,
): boolean {
  if (subjectDn !== undefined) return sameName(certificate.subject.split('\n'), partsOf(subjectDn).reverse());
  if (sanIp !== undefined) return certificate.checkIP(sanIp) !== undefined;
  const [kind, wanted] = sanDns ? ['DNS', sanDns] : sanUri ? ['URI', sanUri] : ['email', sanEmail];
  return wanted !== undefined && alternativeNames(certificate, kind ?? '').includes(wanted);
}

/** The relative names of a distinguished name as RFC 4514 writes it, the last one first. */
export const partsOf = (name: string): string[] => name.split(/(?<!\\)(?:\\\\)*,\s*/).map((part) => part.trim());

const sameName = (ones: readonly string[], others: readonly string[]): boolean =>
  ones.length === others.length && ones.every((one, n) => normal(one) === normal(others[n] ?? ''));

/** The type of an attribute in one case, its value without escapes. */
function normal(part: string): string {
  const equals = part.indexOf('=');
  const value = part
    .slice(equals + 1)
    .trim()
    .replace(/\\(.)/g, '$1');
  return `${part.slice(0, equals).trim().toUpperCase()}=${value}`;
}

/** Node writes a name that could be taken for several in quotes, as JSON. */
function alternativeNames({ subjectAltName = '' }: X509Certificate, kind: string): string[] {
  const names = subjectAltName.matchAll(/(?:^|, )([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)/g);
  return [...names]
    .filter(([, its]) => its === kind)
    .map(([, , name = '']) => (name.startsWith('"') ? String(JSON.parse(name)) : name));
}
