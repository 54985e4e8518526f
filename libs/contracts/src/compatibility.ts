/**
 * Whose words and habits the token endpoint has for an organization's clients: those of the standards, or those that
 * clients of an earlier product rely on. What is granted, and to whom, is the same in all of them.
 */
export const COMPATIBILITY_PROFILES = ['rfc', 'wso2-2.6', 'wso2-3.2', 'wso2-4.x'] as const;
export type CompatibilityProfile = (typeof COMPATIBILITY_PROFILES)[number];

/**
 * What a request for tokens does to those that the client already has for the same user, or for itself, and the same
 * scopes: nothing; it gives them out again while they are alive; or it ends them.
 */
export const ACCESS_TOKEN_POLICIES = ['new', 'reuse', 'single'] as const;
export type AccessTokenPolicy = (typeof ACCESS_TOKEN_POLICIES)[number];

/** What exactly a client did wrong, where a profile has words of its own for it. The caller is never shown the name. */
export const REASONS = [
  'authorization_malformed',
  'client_disabled',
  'client_missing',
  'client_refused',
  'client_unknown',
  'content_type',
  'grant_type_refused',
  'grant_type_unknown',
  'parameter_in_url',
  'parameter_repeated',
  'refresh_token_expired',
  'refresh_token_unknown',
  'refresh_token_used',
  'two_mechanisms',
  'user_refused',
] as const;
export type Reason = (typeof REASONS)[number];

/** Whether a string from outside names one of them. */
export const isReason = (reason: unknown): reason is Reason => (REASONS as readonly unknown[]).includes(reason);
