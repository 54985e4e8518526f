import { createHmac } from 'node:crypto';

/** Names of users and sessions for the clients of one sector, by a secret that only this service has. */
export class PairwiseNames {
  constructor(private readonly secret: Buffer) {}

  /**
   * A UUID of version 8 (RFC 9562 §5.8), so that it is neither a user's id nor a consumer key (CC-03). The secret is the salt of
   * OpenID Connect Core 1.0 §8.1: who does not have it can neither go back from a name nor try ids.
   */
  of(organizationId: string, sector: string, id: string): string {
    const mac = createHmac('sha256', this.secret).update(JSON.stringify([organizationId, sector, id]));
    const bytes = mac.digest().subarray(0, 16);
    bytes[6] = (bytes.readUInt8(6) & 0x0f) | 0x80;
    bytes[8] = (bytes.readUInt8(8) & 0x3f) | 0x80;
    return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  }
}
