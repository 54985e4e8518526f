import { IsBase64, IsUUID, Matches, MaxLength } from 'class-validator';
import { IsNullable } from './nullable';
import { rpc } from './rpc';

/** Bytes of a logo at most: a page and all it loads stay under 30 KB. */
export const LOGO_LIMIT = 20 * 1024;

/** How an organization's pages look; `null`: as Keyward's own. */
export class Branding {
  /** `#rrggbb`; the pages use it darker or lighter where text could not be read otherwise. */
  colour: string | null;
  /** Base64. */
  logo: string | null;
  logoType: 'image/png' | 'image/jpeg' | null;
}

export class FindBranding {
  @IsUUID() organizationId: string;
}

/** Replaces it all. */
export class SetBranding {
  @IsUUID() organizationId: string;
  @IsNullable() @Matches(/^#[0-9a-fA-F]{6}$/, { message: 'colour must be written as #rrggbb' }) colour?: string | null;
  /** A PNG or JPEG in Base64: 20 KiB, 16 to 1024 pixels each way. */
  @IsNullable() @MaxLength(28_000, { message: 'logo may have 20 KiB' }) @IsBase64() logo?: string | null;
}

/** Errors of both: `not_found`. */
export const findBranding = rpc('directory.branding.find', FindBranding, Branding, { repeatable: true });
/** Errors: `invalid_request` for what is no such picture. */
export const setBranding = rpc('directory.branding.set', SetBranding, Branding, { repeatable: true });
