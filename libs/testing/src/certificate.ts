import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generate } from 'selfsigned';

/** A certificate for this machine, in PEM files; `host` is what it is called. */
export async function writeCertificate(
  directory: string,
  host = 'localhost',
): Promise<{ certFile: string; keyFile: string }> {
  const files = { certFile: join(directory, 'certificate.pem'), keyFile: join(directory, 'certificate.key.pem') };
  const { cert, private: key } = await generate([{ name: 'commonName', value: host }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: host },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  });
  await writeFile(files.certFile, cert);
  await writeFile(files.keyFile, key, { mode: 0o600 });
  return files;
}
