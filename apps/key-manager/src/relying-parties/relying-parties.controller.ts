import { Handle } from '@keyward/bus';
import { findRelyingParty, ServiceError, type FindRelyingParty, type RelyingParty } from '@keyward/contracts';
import { queryInOrganization } from '@keyward/database';
import { Controller } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ClientAuthentication } from '../clients/client-authentication';
import { KeyRing } from '../signing-keys/key-ring';

const FIND = `
  SELECT a.name, k.application_type AS "applicationType", k.redirect_uris AS "redirectUris",
    k.post_logout_redirect_uris AS "postLogoutRedirectUris", k.backchannel_logout_uri AS "backchannelLogoutUri",
    k.id_token_signed_response_alg AS "idTokenSignedResponseAlg",
    k.userinfo_signed_response_alg AS "userinfoSignedResponseAlg", k.trusted,
    k.require_pushed_authorization_requests AS "requirePushedAuthorizationRequests"
  FROM consumer_keys k JOIN applications a ON a.organization_id = k.organization_id AND a.id = k.application_id
  WHERE k.organization_id = $1 AND k.consumer_key = $2`;

/** Clients as the authorization endpoint meets them: named by a browser, without any proof. */
@Controller()
export class RelyingPartiesController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly clients: ClientAuthentication,
    private readonly keyRing: KeyRing,
  ) {}

  @Handle(findRelyingParty)
  async find({ clientId, organizationId }: FindRelyingParty): Promise<RelyingParty> {
    const client = await this.clients.named(clientId, organizationId);
    const [row] = await queryInOrganization<Omit<RelyingParty, 'client'>>(this.dataSource, 'find-relying-party', FIND, [
      client.organizationId,
      clientId,
    ]);
    if (!row) throw new ServiceError('invalid_client', 'no such client');
    // Its users are about to sign in: the key of their ID tokens is made while they type.
    this.keyRing.prepare(client.organizationId, row.idTokenSignedResponseAlg);
    return { client, ...present(row) };
  }
}

/** What is `null` in the row is absent in the message. */
const present = <T extends object>(row: T): T =>
  Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as object as T;
