import { Handle } from '@keyward/bus';
import {
  endRegistration,
  readRegistration,
  registerClient,
  replaceRegistration,
  type ClientInformation,
  type EndedRegistration,
  type NameRegistration,
  type RegisterClient,
  type ReplaceRegistration,
} from '@keyward/contracts';
import { inOrganization, RevocationOwner } from '@keyward/database';
import { RegistrationLimitSettings } from '@keyward/runtime';
import { Controller } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ApiKeyFeed } from '../api-keys/api-key-feed';
import { Clock } from '../clock';
import { ConsumerKeyChanges } from '../consumer-keys/consumer-key-changes';
import { SecretMacs } from '../consumer-keys/consumer-secret';
import { SectorDocuments } from '../sectors/sector-documents';
import { KeyRing } from '../signing-keys/key-ring';
import { hashOf, newAccessToken } from './access-token';
import { admit, assertAdmissible, assertRoom, queueUp } from './admission';
import { metadataOf } from './describe';
import { endClient, isAlone } from './ended-client';
import { provenClient, type Registered } from './find-registration';
import { readMetadata } from './metadata';
import { insertClient } from './new-client';
import { replaceClient } from './replaced-client';
import { sectorOf } from './sector-of';

/** Clients that register and manage themselves, RFC 7591 and RFC 7592. */
@Controller()
export class ClientRegistrationsController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly changes: ConsumerKeyChanges,
    private readonly apiKeys: ApiKeyFeed,
    private readonly revocations: RevocationOwner,
    private readonly macs: SecretMacs,
    private readonly keyRing: KeyRing,
    private readonly sectors: SectorDocuments,
    private readonly limits: RegistrationLimitSettings,
    private readonly clock: Clock,
  ) {}

  /** Who may not register learns nothing of what would be wrong. */
  @Handle(registerClient)
  async register(request: RegisterClient): Promise<ClientInformation> {
    const { organizationId, metadata, highAssurance } = request;
    const [now, accessToken] = [this.clock.now(), newAccessToken('kcrt')];
    const sector = await sectorOf(this.dataSource, this.sectors, request, (manager) =>
      assertAdmissible(manager, request, this.limits, now),
    );
    return await this.changes.write(organizationId, async (manager, changed) => {
      await queueUp(manager, organizationId);
      const admission = await admit(manager, request, now);
      const { about, settings } = readMetadata(metadata, { by: admission.by, highAssurance });
      await assertRoom(manager, organizationId, admission, this.limits, now);
      const of = { owner: null, ownedName: null, accessTokenHash: hashOf(accessToken) };
      const name = about['client_name']?.toString();
      const client = { organizationId, name, kind: 'production' as const, settings, sector, about, ...of };
      const { clientSecret, ...made } = await insertClient(manager, this.macs, client, admission, now);
      changed(made.key.consumerKey);
      // Its ID tokens are signed with a key that is published before the first of them.
      if (made.key.redirectUris.length > 0) this.keyRing.prepare(organizationId, made.key.idTokenSignedResponseAlg);
      return { ...informationOf(made, accessToken), clientSecret };
    });
  }

  /** Its access token is stored as a hash, so that it is told the one it came with. */
  @Handle(readRegistration)
  async read(request: NameRegistration): Promise<ClientInformation> {
    return await inOrganization(this.dataSource, request.organizationId, async (manager) => {
      const client = await provenClient(manager, request);
      const applicationId = (await isAlone(manager, client.key)) ? client.key.applicationId : undefined;
      return { ...informationOf(client, request.accessToken), applicationId };
    });
  }

  @Handle(replaceRegistration)
  async replace(request: ReplaceRegistration): Promise<ClientInformation> {
    const [now, accessToken] = [this.clock.now(), newAccessToken('kcrt')];
    const sector = await sectorOf(this.dataSource, this.sectors, request, (manager) => provenClient(manager, request));
    return await this.changes.write(request.organizationId, async (manager, changed) => {
      const before = await provenClient(manager, request);
      const by = { accessTokenHash: hashOf(accessToken), macs: this.macs, now, sector };
      const { clientSecret, ...after } = await replaceClient(manager, before, request, by);
      changed(after.key.consumerKey);
      return { ...informationOf(after, accessToken), clientSecret };
    });
  }

  @Handle(endRegistration)
  async end(request: NameRegistration): Promise<EndedRegistration> {
    const ended = await this.changes.write(request.organizationId, async (manager, changed) => {
      const { key } = await provenClient(manager, request);
      changed(key.consumerKey);
      return await endClient(manager, key, this.apiKeys, this.revocations, this.clock.now());
    });
    void this.revocations.publishNew();
    void this.apiKeys.owner.publishNew();
    return ended;
  }
}

const informationOf = ({ key, registration }: Registered, accessToken: string): ClientInformation => ({
  clientId: key.consumerKey,
  issuedAt: Math.floor(key.createdAt.getTime() / 1000),
  accessToken,
  metadata: { ...metadataOf(key, registration) },
});
