import type { Organization } from '@keyward/contracts';
import { Injectable } from '@nestjs/common';
import { IssuerSettings } from '@keyward/runtime';

/** The names of the organizations' issuers; `PUBLIC_URL` is their only source. */
@Injectable()
export class Issuers {
  constructor(private readonly settings: IssuerSettings) {}

  /** The `iss` of what an organization's clients get. */
  of(organization: Pick<Organization, 'key'>): string {
    return `${this.settings.publicUrl}/t/${organization.key}`;
  }

  /** The org key that an issuer of ours names. */
  keyOf(issuer: string): string | undefined {
    const prefix = this.of({ key: '' });
    return issuer.startsWith(prefix) ? issuer.slice(prefix.length) : undefined;
  }
}

/** The audience of an access token while no other resource can be named (RFC 9068 §3 wants one). */
export const audienceOf = (issuer: string): string => `${issuer}/api`;
