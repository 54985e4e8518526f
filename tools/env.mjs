// `npm run env`: makes .env and certs/ for docker-compose.yml, once: generated secrets, a certificate authority of this
// deployment's own and the three certificates it signs. Nothing is overwritten.
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { generate } from 'selfsigned';

const DIRECTORY = 'certs';
/** What containers read straight from the repository, and everyone may: it holds no secret. */
const MOUNTED = ['nats.conf', 'deploy/compose/nats.conf', 'deploy/compose/pg_hba.conf'];
/** Containers run as the user who owns the certificates' keys, which nobody else may read; never as root. */
const root = process.getuid?.() === 0;
const uid = root ? 1000 : process.getuid();
const gid = root ? 1000 : process.getgid();

/** Starts with a letter: nats-server would read digits as a number. */
const secret = () => `s${randomBytes(24).toString('hex')}`;
const values = {
  KEYWARD_UID: () => String(uid),
  KEYWARD_GID: () => String(gid),
  KEY_ENCRYPTION_KEY: () => randomBytes(32).toString('base64'),
};

function writeEnv() {
  if (existsSync('.env')) return console.log('.env is there already: kept');
  const filled = readFileSync('.env.example', 'utf8').replace(
    /^([A-Z_]+)=$/gm,
    (_, name) => `${name}=${(values[name] ?? secret)()}`,
  );
  writeFileSync('.env', filled, { mode: 0o600 });
  console.log('.env written, with generated secrets');
}

async function writeCertificates() {
  if (existsSync(`${DIRECTORY}/ca.crt`)) return console.log(`${DIRECTORY}/ is there already: kept`);
  mkdirSync(DIRECTORY, { recursive: true, mode: 0o755 });
  const years = (n) => new Date(Date.now() + n * 365 * 86_400_000);
  const common = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' };
  const ca = await generate([{ name: 'commonName', value: 'Keyward deployment CA' }], {
    ...common,
    notAfterDate: years(10),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  write('ca.crt', ca.cert, 0o644); // the authority's key is forgotten: a new certificate means a new authority
  for (const host of ['postgres', 'nats', 'gateway']) {
    const leaf = await generate([{ name: 'commonName', value: host }], {
      ...common,
      notAfterDate: years(2),
      ca: { key: ca.private, cert: ca.cert },
      extensions: [
        { name: 'basicConstraints', cA: false },
        { name: 'keyUsage', digitalSignature: true, critical: true },
        { name: 'extKeyUsage', serverAuth: true },
        {
          name: 'subjectAltName',
          altNames: [
            { type: 2, value: host },
            { type: 2, value: 'localhost' },
            { type: 7, ip: '127.0.0.1' },
          ],
        },
      ],
    });
    write(`${host}.crt`, leaf.cert, 0o644);
    write(`${host}.key`, leaf.private, 0o600);
  }
  console.log(`${DIRECTORY}/ written: trust ${DIRECTORY}/ca.crt to reach the gateway`);
}

function write(name, pem, mode) {
  writeFileSync(`${DIRECTORY}/${name}`, pem, { mode });
  if (root) chownSync(`${DIRECTORY}/${name}`, uid, gid);
}

process.umask(0o022); // Containers run as other users than the one whose mask this is.
for (const file of MOUNTED) chmodSync(file, statSync(file).mode | 0o444);
writeEnv();
await writeCertificates();
