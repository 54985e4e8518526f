import { Injectable } from '@nestjs/common';
import { ServiceError } from '@keyward/contracts';
import type { OAuthSettings } from '@keyward/runtime';
import { OPENID_SCOPES } from '../openid/scopes';
import { Grant, type Authorization, type Request } from './grant';

/** Client Credentials, RFC 6749 §4.4: the client is its own subject. */
@Injectable()
export class ClientCredentialsGrant extends Grant {
  readonly type = 'client_credentials';
  readonly enabled = (settings: OAuthSettings) => settings.clientCredentialsGrant;
  /** RFC 6749 §4.4: MUST only be used by confidential clients. */
  override readonly confidential = true;
  readonly params = {};

  authorize(_: object, { scope }: Request): Promise<Authorization> {
    if (scope?.some((asked) => OPENID_SCOPES.includes(asked)))
      throw new ServiceError('invalid_scope', 'This scope needs a user');
    return Promise.resolve({ scope });
  }
}
