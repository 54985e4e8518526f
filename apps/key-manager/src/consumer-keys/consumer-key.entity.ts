import type {
  AccessTokenPolicy,
  ApplicationType,
  AuthMethod,
  CertificateSubject,
  ClientJwks,
  SigningAlgorithm,
  SubjectType,
  TokenBinding,
} from '@keyward/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** See `ConsumerKey` of the contracts. */
@Entity('consumer_keys')
export class ConsumerKeyEntity {
  @PrimaryColumn('uuid', { name: 'organization_id' }) organizationId: string;
  @PrimaryColumn('text', { name: 'consumer_key' }) consumerKey: string;
  @Column('uuid', { name: 'application_id' }) applicationId: string;
  @Column('text') kind: 'production' | 'sandbox';
  @Column('text') state: 'active' | 'disabled';
  @Column('text', { name: 'grant_types', array: true }) grantTypes: string[];
  @Column('text', { name: 'token_type' }) tokenType: 'jwt' | 'opaque';
  @Column('boolean') public: boolean;
  @Column('text', { name: 'token_endpoint_auth_method' }) tokenEndpointAuthMethod: AuthMethod;
  @Column('jsonb', { nullable: true }) jwks: ClientJwks | null;
  @Column('text', { name: 'jwks_uri', nullable: true }) jwksUri: string | null;
  @Column('jsonb', { name: 'certificate_subject', nullable: true }) certificateSubject: CertificateSubject | null;
  @Column('text', { name: 'token_binding' }) tokenBinding: TokenBinding;
  @Column('text', { name: 'allowed_origins', array: true }) allowedOrigins: string[];
  @Column('boolean', { name: 'rotate_refresh_tokens' }) rotateRefreshTokens: boolean;
  @Column('text', { name: 'access_token_policy' }) accessTokenPolicy: AccessTokenPolicy;
  @Column('int', { name: 'access_token_lifetime', nullable: true }) accessTokenLifetime: number | null;
  @Column('int', { name: 'refresh_token_lifetime', nullable: true }) refreshTokenLifetime: number | null;
  @Column('timestamptz', { name: 'password_grant_sunset', nullable: true }) passwordGrantSunset: Date | null;
  @Column('text', { name: 'application_type' }) applicationType: ApplicationType;
  @Column('text', { name: 'redirect_uris', array: true }) redirectUris: string[];
  @Column('text', { name: 'post_logout_redirect_uris', array: true }) postLogoutRedirectUris: string[];
  @Column('text', { name: 'backchannel_logout_uri', nullable: true }) backchannelLogoutUri: string | null;
  @Column('text', { name: 'id_token_signed_response_alg' }) idTokenSignedResponseAlg: SigningAlgorithm;
  @Column('text', { name: 'userinfo_signed_response_alg', nullable: true })
  userinfoSignedResponseAlg: SigningAlgorithm | null;
  @Column('text', { name: 'subject_type' }) subjectType: SubjectType;
  @Column('text', { name: 'sector_identifier_uri', nullable: true }) sectorIdentifierUri: string | null;
  @Column('boolean', { name: 'require_pushed_authorization_requests' }) requirePushedAuthorizationRequests: boolean;
  @Column('boolean') trusted: boolean;
  @Column('text', { name: 'may_act', nullable: true }) mayAct: string | null;
  @Column('timestamptz', { name: 'created_at' }) createdAt: Date;
}
