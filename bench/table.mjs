const round = (value, digits = 0) => (Number.isFinite(value) ? value.toFixed(digits) : '-');

/** Rows of a Markdown table. */
function table(head, rows) {
  console.log(`\n| ${head.join(' | ')} |\n|${head.map(() => ' --- ').join('|')}|`);
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
}

const mean = (a, b) => (b === undefined ? a : (a + b) / 2);

/** Prints results as Markdown; oidc-provider counts with the mean of its runs before and after. */
export function print({ apis, changes, endpoints, oidcProvider, oidcProviderAgain, processes, proxy, standalone }) {
  if (oidcProvider) {
    const rows = ['client_credentials', 'refresh_token'].flatMap((grant) => {
      const peer = Object.fromEntries(
        ['perSecond', 'perCpuSecond'].map((key) => [
          key,
          mean(oidcProvider[grant][key], oidcProviderAgain?.[grant][key]),
        ]),
      );
      const row = (name, found) => [
        grant,
        name,
        round(found.perSecond),
        round(found.perCpuSecond),
        round(found.p50, 1),
        round(found.p95, 1),
        round(found.perSecond / peer.perSecond, 2),
        round(found.perCpuSecond / peer.perCpuSecond, 2),
      ];
      return [
        row('oidc-provider, in memory', { ...oidcProvider[grant], ...peer }),
        ...(standalone?.[grant] ? [row('Keyward standalone', standalone[grant])] : []),
        ...(processes?.[grant] ? [row('Keyward over NATS', processes[grant])] : []),
      ];
    });
    table(['grant', 'server', 'per s', 'per CPU s', 'p50 ms', 'p95 ms', 'ratio', 'ratio per CPU s'], rows);
  }
  if (endpoints) {
    const { peer, ...own } = endpoints;
    // It has no token exchange: what it does most like it is to issue a token.
    const peerOf = { introspection: peer.introspection, revocation: peer.revocation, exchange: peer.issuance };
    const rows = Object.entries(peerOf).flatMap(([name, its]) =>
      Object.entries({ 'oidc-provider, in memory': { [name]: its }, ...own }).map(([server, found]) => [
        ...[name, server, round(found[name].perSecond), round(found[name].perCpuSecond)],
        ...[round(found[name].p50, 1), round(found[name].p99, 1), round(found[name].perSecond / its.perSecond, 2)],
        round(found[name].perCpuSecond / its.perCpuSecond, 2),
      ]),
    );
    table(['request', 'server', 'per s', 'per CPU s', 'p50 ms', 'p99 ms', 'ratio', 'ratio per CPU s'], rows);
  }
  if (proxy) {
    const { peer, ...measured } = proxy;
    const rows = Object.entries({ '@fastify/http-proxy': peer, ...measured }).map(([name, found]) => [
      name,
      round(found.perSecond),
      round(found.perCpuSecond),
      round(found.p50, 1),
      round(found.p99, 1),
      round(found.perSecond / peer.perSecond, 2),
      round(found.perCpuSecond / peer.perCpuSecond, 2),
    ]);
    table(['API proxy', 'per s', 'per CPU s', 'p50 ms', 'p99 ms', 'ratio', 'ratio per CPU s'], rows);
  }
  if (processes?.password) {
    const { password, storm } = processes;
    table(
      ['logins', 'per s', 'ratio'],
      [
        ['bare argon2id', round(password.bareArgon2, 1), '1.00'],
        ['password grant over NATS', round(password.perSecond, 1), round(password.ratio, 2)],
      ],
    );
    table(
      ['client_credentials at 200/s', 'p50 ms', 'p95 ms', 'p99 ms'],
      [
        ['quiet', ...['p50', 'p95', 'p99'].map((q) => round(storm.quiet[q], 1))],
        ['beside logins at twice their capacity', ...['p50', 'p95', 'p99'].map((q) => round(storm.storm[q], 1))],
        ['ratio', round(storm.storm.p50 / storm.quiet.p50, 2), round(storm.ratio, 2), ''],
      ],
    );
    console.log(`\nLogins meanwhile: ${JSON.stringify(storm.logins.statuses)}`);
  }
  if (apis) {
    const { organizations, without, with: full, first, hundredth } = apis;
    const thousands = (count) => count.toLocaleString('en');
    const each = `${round(((full.mib - without.mib) * 1024) / apis.apis, 1)} KiB`;
    table(
      ['a gateway with', 'ready after', 'memory', 'of each API', 'first request to an organization', 'hundredth'],
      [
        ['no APIs', `${round(without.startMs / 1000, 1)} s`, `${round(without.mib)} MiB`, '', '', ''],
        [
          `${thousands(organizations)} organizations, ${thousands(apis.apis)} APIs`,
          ...[`${round(full.startMs / 1000, 1)} s`, `${round(full.mib)} MiB`, each],
          ...[`${round(first, 2)} ms`, `${round(hundredth, 2)} ms`],
        ],
      ],
    );
  }
  if (changes) {
    const names = { route: 'a changed route', subscription: 'a blocked subscription', revocation: 'a revoked token' };
    table(
      ['from the answer to the last of three gateways', 'p50', 'at most'],
      Object.entries(names).map(([name, what]) => [
        ...[what, `${round(changes[name].p50)} ms`, `${round(changes[name].max)} ms`],
      ]),
    );
  }
  if (standalone)
    console.log(
      `\nStandalone: first token after ${round(standalone.startToFirstTokenSeconds, 1)} s in a new home, ` +
        `${round(standalone.memoryIdle)} MiB then and ${round(standalone.memoryLoaded)} MiB after the load, PostgreSQL with it.`,
    );
  if (processes)
    console.log(
      `Services: ${Object.entries(processes.memory)
        .map(([name, mib]) => `${name} ${round(mib)} MiB`)
        .join(', ')}.`,
    );
}
