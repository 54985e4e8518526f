import { Controller } from '@nestjs/common';
import { Bus, Handle, type Call } from '@keyward/bus';
import {
  findRelyingParty,
  isErrorCode,
  pushRequest,
  ServiceError,
  type PushedAuthorization,
  type TokenRequest,
} from '@keyward/contracts';
import { OAuthSettings } from '@keyward/runtime';
import { Refused } from '../authorization/refused';
import { readRequest, returnTo } from '../authorization/request';
import { ClientAuthentication } from '../client-authentication';
import { audienceOf, Issuers } from '../issuer';
import { Possessions } from '../possessions';
import { assertResources } from '../resource';
import { PushedRequests, REQUEST_LIFETIME } from './pushed-requests';

/** Longest request, in characters of JSON. */
const LONGEST = 16_384;

/** The pushed authorization request endpoint, RFC 9126 §2: a request is checked here as it would be at the pages. */
@Controller()
export class PushedRequestsController {
  constructor(
    private readonly bus: Bus,
    private readonly clients: ClientAuthentication,
    private readonly requests: PushedRequests,
    private readonly issuers: Issuers,
    private readonly settings: OAuthSettings,
    private readonly possessions: Possessions,
  ) {}

  @Handle(pushRequest)
  async push(request: TokenRequest, call: Call): Promise<PushedAuthorization> {
    const { client, organization } = await this.clients.authenticate(request, call);
    const dpop = request.possession?.dpop;
    if (dpop) await this.possessions.prove(dpop, organization);
    const { clientId, organizationId } = client;
    const params: Record<string, string> = { ...request.params, client_id: clientId };
    // RFC 9449 §10.1: a proof here says the same as the parameter.
    if (dpop && params['dpop_jkt'] && params['dpop_jkt'] !== dpop.jkt)
      throw new ServiceError('invalid_dpop_proof', 'The DPoP proof is of another key than dpop_jkt');
    if (dpop) params['dpop_jkt'] = dpop.jkt;
    if (params['request_uri']) throw new ServiceError('invalid_request', 'request_uri cannot be pushed');
    if (JSON.stringify(params).length > LONGEST) throw new ServiceError('invalid_request', 'The request is too long');
    if (!this.settings.authorizationCodeGrant)
      throw new ServiceError('unauthorized_client', 'Authorization codes are not served here');
    if (params['resource']) assertResources(params['resource'], audienceOf(this.issuers.of(organization)));
    const party = await this.bus.call(findRelyingParty, { clientId, organizationId }, call);
    try {
      readRequest(params, party, returnTo(params, party, organization));
    } catch (refused) {
      throw refused instanceof Refused ? errorOf(refused) : refused;
    }
    return { request_uri: await this.requests.keep(client, params), expires_in: REQUEST_LIFETIME };
  }
}

/** RFC 9126 §2.3: errors as at the token endpoint, which has none for what only browsers are told. */
const errorOf = ({ error, description }: Refused): ServiceError =>
  isErrorCode(error) ? new ServiceError(error, description) : new ServiceError('invalid_request', description);
