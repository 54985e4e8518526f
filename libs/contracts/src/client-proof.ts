import { IsIP, IsOptional, IsString, MaxLength, MinLength } from 'class-validator';

/** A client's public key, the members of RFC 7517 §4 and RFC 7518 §6 that are of use. */
export class ClientJwk {
  kty: string;
  kid?: string;
  use?: string;
  alg?: string;
  crv?: string;
  x?: string;
  y?: string;
  n?: string;
  e?: string;
  x5c?: string[];
}

/** A client's public keys, RFC 7517 §5. */
export class ClientJwks {
  keys: ClientJwk[];
}

/** Whom the certificate of `tls_client_auth` names: one of these, exactly (RFC 8705 §2.1.2). */
export class CertificateSubject {
  /** RFC 4514: `CN=shop,O=John and Sons,C=GB`. */
  @IsOptional() @IsString() @MinLength(1) @MaxLength(1000) subjectDn?: string;
  @IsOptional() @IsString() @MinLength(1) @MaxLength(253) sanDns?: string;
  @IsOptional() @IsString() @MinLength(1) @MaxLength(1000) sanUri?: string;
  @IsOptional() @IsIP() sanIp?: string;
  @IsOptional() @IsString() @MinLength(1) @MaxLength(320) sanEmail?: string;
}
