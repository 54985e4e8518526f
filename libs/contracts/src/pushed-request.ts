import { rpc } from './rpc';
import { TokenRequest } from './token';

/** RFC 9126 §2.2. */
export class PushedAuthorization {
  request_uri: string;
  /** Seconds. */
  expires_in: number;
}

/** RFC 9126 §2. Errors: those of the token endpoint. It proves the client, so it is not repeatable. */
export const pushRequest = rpc('token.pushed-request.push', TokenRequest, PushedAuthorization);
