import { X509Certificate } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** PEM files of a certificate and its private key. */
export interface CertificateFiles {
  certFile: string;
  keyFile: string;
}

const DAY = 86_400_000;
/** Apple's TLS clients refuse server certificates that live longer than 825 days. */
const LIFETIME = 820 * DAY;

/** The home's self-signed certificate for this machine, made once, and again in the month before it ends. */
export async function openCertificate(home: string, now = Date.now()): Promise<CertificateFiles> {
  const files = { certFile: join(home, 'certificate.pem'), keyFile: join(home, 'certificate.key.pem') };
  if (isGood(files.certFile, now)) return files;
  const { generate } = await import('selfsigned'); // A tenth of the start, needed once.
  const made = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date(now - DAY),
    notAfterDate: new Date(now + LIFETIME),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
          { type: 7, ip: '::1' },
        ],
      },
    ],
  });
  replace(files.keyFile, made.private, 0o600);
  replace(files.certFile, made.cert, 0o644);
  return files;
}

function isGood(certFile: string, now: number): boolean {
  try {
    const { validTo } = new X509Certificate(readFileSync(certFile));
    return Date.parse(validTo) > now + 30 * DAY;
  } catch {
    return false;
  }
}

function replace(path: string, pem: string, mode: number): void {
  writeFileSync(`${path}.new`, pem, { mode });
  renameSync(`${path}.new`, path);
}
