/** What the suite uses of simple-oauth2, which brings no types. */
declare module 'simple-oauth2' {
  import type { Agent } from 'node:https';

  interface Options {
    client: { id: string; secret: string };
    auth: { tokenHost: string; tokenPath: string; revokePath: string };
    http: { agent: Agent };
    options?: { authorizationMethod?: 'header' | 'body' };
  }

  interface AccessToken {
    token: Record<string, unknown> & { access_token: string; refresh_token: string };
    refresh(): Promise<AccessToken>;
    revoke(kind: 'access_token' | 'refresh_token'): Promise<void>;
    revokeAll(): Promise<void>;
  }

  class ResourceOwnerPassword {
    constructor(options: Options);
    getToken(params: { username: string; password: string }): Promise<AccessToken>;
  }

  class ClientCredentials {
    constructor(options: Options);
    getToken(params: { scope?: string }): Promise<AccessToken>;
  }
}
