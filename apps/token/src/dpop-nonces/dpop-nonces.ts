import { createHmac, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { query } from '@keyward/database';
import { DataSource } from 'typeorm';
import { Clock, inSeconds } from '../clock';

/** How long a nonce is taken, and after how much of that another one is told, seconds. */
const LIFETIME = 300;
const HALF = LIFETIME / 2;
/** Instances' clocks differ. */
const SKEW = 30;
const FORM = /^[\w-]{32}$/;
const MAC_BYTES = 20;

/**
 * Nonces for DPoP proofs (RFC 9449 §8): the time in four bytes and a MAC under a key that all instances have from the database, so
 * that each takes those of every other and none is stored.
 */
@Injectable()
export class DpopNonces {
  private key?: Promise<Buffer>;

  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
  ) {}

  /** For clients of this organization. */
  async make(organizationId: string): Promise<string> {
    return this.write(organizationId, inSeconds(this.clock.now()));
  }

  /** `new` and `old` are both taken; `old` should be replaced soon. */
  async judge(organizationId: string, nonce: string | undefined): Promise<'new' | 'old' | 'refused'> {
    if (nonce === undefined || !FORM.test(nonce)) return 'refused';
    const madeAt = Buffer.from(nonce, 'base64url').readUInt32BE();
    const age = inSeconds(this.clock.now()) - madeAt;
    if (age > LIFETIME || age < -SKEW) return 'refused';
    const own = Buffer.from(await this.write(organizationId, madeAt));
    if (!timingSafeEqual(own, Buffer.from(nonce))) return 'refused';
    return age > HALF ? 'old' : 'new';
  }

  private async write(organizationId: string, seconds: number): Promise<string> {
    const time = Buffer.alloc(4);
    time.writeUInt32BE(seconds);
    const mac = createHmac('sha256', await this.opened())
      .update(`dpop-nonce ${organizationId} ${seconds}`)
      .digest();
    return Buffer.concat([time, mac.subarray(0, MAC_BYTES)]).toString('base64url');
  }

  /** Read when the first organization wants nonces. */
  private opened(): Promise<Buffer> {
    this.key ??= this.read().catch((error: unknown) => {
      this.key = undefined;
      throw error;
    });
    return this.key;
  }

  private async read(): Promise<Buffer> {
    const sql = 'SELECT key FROM dpop_nonce_keys';
    const [row] = await query<{ key: Buffer }>(this.dataSource, 'dpop-nonce-key', sql, []);
    if (!row) throw new Error('there is no key for DPoP nonces');
    return row.key;
  }
}
