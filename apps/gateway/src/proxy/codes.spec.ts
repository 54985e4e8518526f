import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '@keyward/testing';

/** Those of compatibility.md §3.2 and §3.3. */
const CODES = [
  ...['900900', '900901', '900902', '900903', '900904', '900905', '900906', '900907', '900908', '900909', '900910'],
  ...['900911', '900912', '900913', '900914', '700700', '101503', '101504', '601000', '900800', '900801', '900802'],
  ...['900803', '900804', '900805', '900806', '900807', '900808', '900809'],
];

/** The titles of all specs, as far as they are written out. */
const titles = ['apps/gateway/src', 'apps/standalone/e2e']
  .flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.spec.ts'))
      .map((file) => readFileSync(join(ROOT, folder, file), 'utf8')),
  )
  .flatMap((code) =>
    code.split('\n').filter((line) => /^\s*(?:it|describe)\b|^\s*'[\d ]+ |^\s*\[.*'\d{6}\b/.test(line)),
  )
  .join('\n');
const documented = readFileSync(join(ROOT, 'docs/apis.md'), 'utf8').split('never answered:')[1] ?? '';
const reasons = documented
  .split('\n')
  .map((line) => line.split('|')[1] ?? '')
  .join();

it.each(CODES)('%s has a test by its number, or a written reason why it is never answered', (code) => {
  const answered = readFileSync(join(ROOT, 'apps/gateway/src/proxy/fault.ts'), 'utf8').includes(`'${code}'`);
  expect([code, titles.includes(code), reasons.includes(code)]).toEqual([code, answered, !answered]);
});
