// Two kinds of load: as fast as it answers (closed), and at a rate that does not wait (open).
import { Client } from 'undici';

const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;

function summary(latencies, statuses, seconds) {
  const sorted = latencies.toSorted((a, b) => a - b);
  const ok = statuses.get(200) ?? 0;
  return {
    perSecond: ok / seconds,
    p50: quantile(sorted, 0.5),
    p95: quantile(sorted, 0.95),
    p99: quantile(sorted, 0.99),
    statuses: Object.fromEntries(statuses),
  };
}

const connect = (origin, ca) => new Client(origin, { connect: { ca, servername: 'localhost' }, pipelining: 1 });

async function ask(client, { method = 'POST', path, headers, body }) {
  const response = await client.request({ method, path, headers, body });
  const text = await response.body.text(); // RFC 7009 §2.2: a revocation's answer may be empty
  return { status: response.statusCode, body: text === '' ? undefined : JSON.parse(text) };
}

/** `next(connection)` makes a request, `answered(connection, body)` hears what came back. */
export async function closed({ origin, ca, connections, seconds, next, answered = () => {} }) {
  const latencies = [];
  const statuses = new Map();
  const start = performance.now();
  const end = start + seconds * 1000;
  await Promise.all(
    Array.from({ length: connections }, async (_, connection) => {
      const client = connect(origin, ca);
      while (performance.now() < end) {
        const sent = performance.now();
        const { status, body } = await ask(client, next(connection)).catch(() => ({ status: 0 }));
        latencies.push(performance.now() - sent);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        if (status === 200) answered(connection, body);
      }
      await client.close();
    }),
  );
  return summary(latencies, statuses, (performance.now() - start) / 1000);
}

/**
 * `rate` a second, whether or not the ones before are answered; latency counts from when it should have been sent. The
 * connections are made before: `begin` is awaited when they are.
 */
export async function open({ origin, ca, rate, seconds, next, connections = 64, begin = async () => {} }) {
  const clients = Array.from({ length: connections }, () => connect(origin, ca));
  for (const client of clients) {
    const { body } = await client.request({ method: 'GET', path: '/jwks' });
    await body.dump();
  }
  await begin();
  const latencies = [];
  const statuses = new Map();
  const running = [];
  const start = performance.now();
  for (let n = 0; n < rate * seconds; n++) {
    const due = start + (n / rate) * 1000;
    const wait = due - performance.now();
    if (wait > 1) await new Promise((resolve) => setTimeout(resolve, wait));
    const sent = ask(clients[n % connections], next(n)).catch(() => ({ status: 0 }));
    running.push(
      sent.then(({ status }) => {
        latencies.push(performance.now() - due);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }),
    );
  }
  await Promise.all(running);
  const result = summary(latencies, statuses, seconds);
  await Promise.all(clients.map((client) => client.destroy()));
  return result;
}
