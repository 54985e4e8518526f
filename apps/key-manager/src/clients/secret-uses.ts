import { inOrganization } from '@keyward/database';
import type { LoggerService } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import type { KnownClient, KnownSecret } from './client-cache';

const FLUSH_MS = 30_000;
/** A secret in constant use is written once in so many milliseconds. */
const PRECISION_MS = 60_000;

const WRITE = `UPDATE consumer_secrets s SET last_used_at = u.at
  FROM unnest($1::uuid[], $2::timestamptz[]) AS u (id, at)
  WHERE s.organization_id = $3 AND s.id = u.id AND (s.last_used_at IS NULL OR s.last_used_at < u.at)`;

/** When which secret was used last (CA-12): noted in memory, written every 30 s and at the end. */
export class SecretUses {
  /** Organization to secret to Unix milliseconds. */
  private noted = new Map<string, Map<string, number>>();
  private timer?: NodeJS.Timeout;
  private writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly dataSource: DataSource,
    private readonly log: LoggerService,
    private readonly now: () => number,
  ) {}

  start(): void {
    this.timer = setInterval(() => void this.flush(), FLUSH_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.flush();
  }

  note({ client }: KnownClient, secret: KnownSecret): void {
    const at = this.now();
    if (at - secret.notedAt < PRECISION_MS) return;
    secret.notedAt = at;
    const its = this.noted.get(client.organizationId) ?? new Map<string, number>();
    this.noted.set(client.organizationId, its.set(secret.id, at));
  }

  /** Writes what was noted, one organization after the other; what fails is lost, for it is not worth more. */
  private flush(): Promise<void> {
    this.writing = this.writing
      .then(() => this.write())
      .catch((error: unknown) => {
        this.log.warn({ message: 'last uses of secrets were not written', error });
      });
    return this.writing;
  }

  private async write(): Promise<void> {
    const { noted } = this;
    this.noted = new Map();
    for (const [organizationId, its] of noted) {
      const values = [[...its.keys()], [...its.values()].map((at) => new Date(at)), organizationId];
      await inOrganization(this.dataSource, organizationId, (manager) => manager.query(WRITE, values));
    }
  }
}
