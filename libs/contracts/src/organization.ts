import { IsBoolean, IsIn, IsOptional, IsString, IsUUID, Length, Matches, MaxLength, MinLength } from 'class-validator';
import { COMPATIBILITY_PROFILES, type CompatibilityProfile } from './compatibility';
import { feed } from './feed';
import { Page, PageRequest } from './page';
import { rpc } from './rpc';

/** An org key: 2 to 63 of `a-z0-9` and single inner hyphens; no dot, so that a mail domain can never be one. */
export const ORG_KEY = /^[a-z0-9](-?[a-z0-9])*$/;

/** The organization of the operator; its id is the same everywhere, so that services need not ask for it. */
export const ROOT_ORGANIZATION = { id: '00000000-0000-7000-8000-000000000001', key: 'root' } as const;

/** RFC 9700 §2.1.1 requires it of public clients, and recommends it for all. */
export const PKCE = ['all', 'public'] as const;

/**
 * Who may register clients by themselves (RFC 7591 §3): nobody, whoever has an initial access token, or anyone, whose clients
 * are quarantined.
 */
export const CLIENT_REGISTRATION = ['closed', 'token', 'open'] as const;

/** Whose a page is, and what it looks like. */
export class PageOwner {
  key: string;
  /** Free text, may change. */
  name: string;
  /** `#rrggbb`; absent: Keyward's own. */
  colour?: string;
  /** Names the bytes of its logo; absent: it has none. */
  logo?: string;
}

/** An organization as everyone knows it. */
export class Organization extends PageOwner {
  id: string;
  state: 'active' | 'suspended';
  /** Whether the password grant is allowed for its consumer keys. */
  passwordGrant: boolean;
  /** Whom PKCE (RFC 7636) is required of: all clients, or those alone that cannot keep a secret. */
  pkce: (typeof PKCE)[number];
  /** Whose words and habits its clients are answered in. */
  compatibilityProfile: CompatibilityProfile;
  /** Clients prove themselves by keys of their own alone, and every token is bound to one (ASVS 5.0 10.4.14, 10.4.16). */
  highAssurance: boolean;
  clientRegistration: (typeof CLIENT_REGISTRATION)[number];
  /** DPoP proofs, of token requests and beside its tokens, need a nonce of ours, so that none is made ahead (RFC 9449 §8, §9). */
  dpopNonce: boolean;
  /** ISO 8601. */
  createdAt: string;
}

export class CreateOrganization {
  @Matches(ORG_KEY, { message: 'key must be lower-case letters, digits and single inner hyphens' })
  @Length(2, 63)
  key: string;
  @IsOptional() @IsString() @MinLength(1) @MaxLength(200) name?: string;
}

export class FindOrganization {
  @IsString() @MaxLength(63) key: string;
}

/** Changes what is present. The key never changes. */
export class UpdateOrganization {
  @IsUUID() organizationId: string;
  @IsOptional() @IsString() @MinLength(1) @MaxLength(200) name?: string;
  @IsOptional() @IsIn(['active', 'suspended']) state?: 'active' | 'suspended';
  @IsOptional() @IsBoolean() passwordGrant?: boolean;
  @IsOptional() @IsIn(PKCE) pkce?: (typeof PKCE)[number];
  @IsOptional() @IsIn(COMPATIBILITY_PROFILES) compatibilityProfile?: CompatibilityProfile;
  @IsOptional() @IsBoolean() highAssurance?: boolean;
  @IsOptional() @IsIn(CLIENT_REGISTRATION) clientRegistration?: (typeof CLIENT_REGISTRATION)[number];
  @IsOptional() @IsBoolean() dpopNonce?: boolean;
}

export class OrganizationPage extends Page<Organization> {}

/** Every organization, held in memory by token and gateway. */
export const organizations = feed<Organization>('directory.organizations');

/** Errors: `conflict` when the key is or was taken. */
export const createOrganization = rpc('directory.organization.create', CreateOrganization, Organization);
export const listOrganizations = rpc('directory.organization.list', PageRequest, OrganizationPage, {
  repeatable: true,
});
/** Errors: `not_found`. */
export const findOrganization = rpc('directory.organization.find', FindOrganization, Organization, {
  repeatable: true,
});
/** Errors: `not_found`; `invalid_request` when `root` would be suspended or lose the password grant. */
export const updateOrganization = rpc('directory.organization.update', UpdateOrganization, Organization, {
  repeatable: true,
});
