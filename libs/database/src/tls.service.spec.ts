import { asAdmin, startPostgres, writeCertificate, type TestPostgres } from '@keyward/testing';
import { chown, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDataSource, query } from './index';

let postgres: TestPostgres;
let directory: string;
let certFile: string;

beforeAll(async () => {
  postgres = await startPostgres();
  const dir = await asAdmin(postgres.adminUrl, async (admin) => {
    const { rows } = await admin.query<{ dir: string }>(`SELECT current_setting('data_directory') AS dir`);
    return rows[0]!.dir;
  });
  directory = await mkdtemp(join(tmpdir(), 'keyward-tls-'));
  const files = await writeCertificate(dir);
  certFile = files.certFile;
  const { uid, gid } = await stat(dir);
  for (const file of Object.values(files)) await chown(file, uid, gid);
  await asAdmin(postgres.adminUrl, async (admin) => {
    await admin.query(`ALTER SYSTEM SET ssl_cert_file = 'certificate.pem'`);
    await admin.query(`ALTER SYSTEM SET ssl_key_file = 'certificate.key.pem'`);
    await admin.query(`ALTER SYSTEM SET ssl = on`);
    await admin.query(`SELECT pg_reload_conf()`);
  });
});
afterAll(async () => {
  await postgres.stop();
  await rm(directory, { recursive: true, force: true });
});

const open = (caFile?: string, suffix = '') =>
  createDataSource({ url: postgres.adminUrl + suffix, schema: 'public', caFile }).initialize();

it('a CA file makes the link TLS', async () => {
  const dataSource = await open(certFile);
  const sql = `SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()`;
  expect(await query(dataSource, 'ssl', sql, [])).toEqual([{ ssl: true }]);
  await dataSource.destroy();
});

it('a server whose certificate is of another CA is refused', async () => {
  const { certFile: other } = await writeCertificate(directory);
  await expect(open(other)).rejects.toThrow(/certificate/);
});

it('a parameter in the URL, which could weaken TLS, is refused', async () => {
  await expect(Promise.resolve().then(() => open(certFile, '?sslmode=disable'))).rejects.toThrow(/takes no parameters/);
});
