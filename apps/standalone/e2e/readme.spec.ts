import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deployment, ROOT } from '@keyward/testing';

const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
/** Words as a shell splits them; the README quotes with double quotes only. */
const words = (line: string): string[] =>
  [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
/** A deployment that is kept has seen the README's organization before. */
const fresh = `acme-${Date.now().toString(36)}`;
const commands = readme.split('\n').filter((line) => line.startsWith('npx keyward '));

describe('the README is true', () => {
  test('it shows commands', () => expect(commands.length).toBeGreaterThan(4));

  test('its commands work, one after the other', async () => {
    for (const command of commands) {
      const { code, stderr } = await deployment().cli(words(command.replaceAll('acme', fresh)).slice(2));
      expect({ command, code, stderr: code === 0 ? '' : stderr }).toEqual({ command, code: 0, stderr: '' });
    }
  });

  test('its curl line is the request of the demo user, and its answer has those members', async () => {
    const [, form] = /curl -k -d "([^"]+)"/.exec(readme) ?? [];
    const params = Object.fromEntries(new URLSearchParams(form));
    expect(params).toMatchObject({ grant_type: 'password', username: deployment().demo.username });
    const [, shown = ''] = /```json\n([\s\S]*?)```/.exec(readme) ?? [];
    const answer = await deployment().token({ ...params, password: deployment().demo.password });
    expect(Object.keys(answer.body).sort()).toEqual(Object.keys(JSON.parse(shown) as object).sort());
  });
});
