// Logins at a rate that does not wait, from a process of their own: what they cost here must not slow what is measured there.
// Standard input: a line of JSON {origin, ca, rate, seconds, connections, headers, users}, then a line when it may begin.
import { createInterface } from 'node:readline';
import { open } from './load.mjs';
import { signIn } from './requests.mjs';

const lines = createInterface(process.stdin)[Symbol.asyncIterator]();
const { headers, users, ...load } = JSON.parse((await lines.next()).value);
const begin = async () => {
  console.log(JSON.stringify({ ready: true }));
  await lines.next();
};
console.log(JSON.stringify(await open({ ...load, begin, next: signIn(headers, users) })));
process.exit();
