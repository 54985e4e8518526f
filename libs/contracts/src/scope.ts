import { feed } from './feed';

/** What the token service holds of a scope that an organization's APIs use. */
export class ScopeRecord {
  organizationId: string;
  name: string;
  /** Roles of the organization's directory, any one of which a user needs; empty: every user may have it. */
  roles: string[];
}

/** Every scope of every organization, under an id of its own. */
export const scopes = feed<ScopeRecord>('catalog.scopes');
