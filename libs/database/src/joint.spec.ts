import { setTimeout as pause } from 'node:timers/promises';
import { JointStatements } from './joint';

const NUMBER = { name: 'number', text: 'SELECT $1::int AS n' };
const COUNT = 2000;

it('what has waited for longer than anyone waits for an answer is refused and not sent', async () => {
  const sent: unknown[] = [];
  let answer = (): void => undefined;
  const hanging = new Promise<object[]>((resolve) => (answer = () => resolve([])));
  const joint = new JointStatements((_name, _text, values) => {
    sent.push(...values);
    return hanging;
  });
  const refused: unknown[] = [];
  const ask = (n: number) => joint.ask(NUMBER, [n], {}).catch((error: unknown) => refused.push(error));
  const asked = Array.from({ length: COUNT }, (_, n) => ask(n));
  while (sent.length + refused.length < COUNT) await pause(10);
  expect(refused.length).toBeGreaterThan(0);
  for (const error of refused) expect(error).toMatchObject({ code: 'temporarily_unavailable', retryAfter: 1 });
  answer();
  await Promise.all(asked);
  expect(new Set(sent).size + refused.length).toBe(COUNT);
  expect(await joint.ask(NUMBER, [COUNT], {})).toEqual([]);
});
