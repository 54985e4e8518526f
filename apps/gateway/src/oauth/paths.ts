/** The endpoints that take a form and nothing else (RFC 6749 §3.2, RFC 7009, RFC 7662, RFC 8628, RFC 9126). */
export const FORM_ENDPOINTS = ['token', 'device_authorize', 'par', 'revoke', 'introspect'] as const;

/** Where an endpoint is served: at the root as API Manager's gateway and key manager do, and for one organization. */
export const endpointPaths = (endpoint: string): string[] => [
  `/${endpoint}`,
  `/oauth2/${endpoint}`,
  `/t/:orgkey/${endpoint}`,
  `/t/:orgkey/oauth2/${endpoint}`,
];
