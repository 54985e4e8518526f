import { IsIn, IsInt, IsObject, IsOptional, IsString, IsUUID, MaxLength, Min } from 'class-validator';
import { rpc } from './rpc';
import { SignedJwt } from './signing-key';

/** Who calls an API, for its upstream: API Manager's claims by their last part, without what the key manager adds. */
export class SignBackendToken {
  @IsUUID() organizationId: string;
  @IsUUID() applicationId: string;
  @IsIn(['PRODUCTION', 'SANDBOX']) keytype: 'PRODUCTION' | 'SANDBOX';
  /** Of the user, or of the client that is its own subject; with the issuer's name before it where that is not Keyward. */
  @IsString() @MaxLength(400) subject: string;
  /** apiname, apicontext, version, tier, usertype, enduser and the like. */
  @IsObject() claims: Record<string, string>;
  /** When the caller's own token ends, Unix seconds: this one ends no later. */
  @IsOptional() @IsInt() @Min(0) until?: number;
}

/**
 * Signs an assertion about a caller with the organization's RS256 key. Its issuer is API Manager's and its type `JWT`: it is no
 * access token and no ID token, whatever the claims. Errors: `not_found` without the application.
 */
export const signBackendToken = rpc('key-manager.backend-token.sign', SignBackendToken, SignedJwt, {
  repeatable: true,
});
