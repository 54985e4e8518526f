/** The first parts of paths that Keyward serves itself, at the root and below `/t/<orgkey>`: no API has them. */
export const OWN_PATHS: readonly string[] =
  `api t token revoke introspect authorize userinfo jwks oauth2 oidc oidcdiscovery logout par register
  client-registration device device_authorize login sign-in sign-up sign-out consent account callback portal health metrics
  assets pages.css form-post.js favicon.ico robots.txt`.split(/\s+/);
