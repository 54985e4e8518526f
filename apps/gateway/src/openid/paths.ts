const DOCUMENTS = ['openid-configuration', 'oauth-authorization-server'];

/** OpenID Connect Discovery 1.0 §4 puts the well-known part after the issuer's path, RFC 8414 §3 before it. */
export const METADATA_PATHS = DOCUMENTS.flatMap((document) => [
  `/.well-known/${document}`,
  `/.well-known/${document}/t/:orgkey`,
  `/t/:orgkey/.well-known/${document}`,
]);
