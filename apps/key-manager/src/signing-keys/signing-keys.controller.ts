import { Handle } from '@keyward/bus';
import {
  getJwks,
  listSigningKeys,
  revokeSigningKey,
  rotateSigningKey,
  signJwt,
  type Jwks,
  type OrganizationKeys,
  type RevokeSigningKey,
  type RotateSigningKey,
  type SignedJwt,
  type SigningKeys,
  type SignJwt,
} from '@keyward/contracts';
import { RevocationOwner } from '@keyward/database';
import { SigningKeySettings } from '@keyward/runtime';
import { Controller } from '@nestjs/common';
import { Clock } from '../clock';
import { KeyRing } from './key-ring';
import { KeyMaker } from './new-signing-key';
import { destroySigningKey } from './revoked-key';
import { algorithmsOf, rotate } from './rotation';
import { SigningKeyChanges } from './signing-key-changes';

/** JK-01. Whoever keeps it for so long knows a new key before it signs. */
const maxAgeOf = ({ publishAhead }: SigningKeySettings): number => Math.min(300, Math.floor(publishAhead / 2));

/** The signing keys of organizations; the private ones never leave this service. */
@Controller()
export class SigningKeysController {
  constructor(
    private readonly keyRing: KeyRing,
    private readonly changes: SigningKeyChanges,
    private readonly settings: SigningKeySettings,
    private readonly maker: KeyMaker,
    private readonly revocations: RevocationOwner,
    private readonly clock: Clock,
  ) {}

  @Handle(signJwt)
  async sign({ organizationId, alg = 'ES256', type, claims }: SignJwt): Promise<SignedJwt> {
    return { jwt: await this.keyRing.sign(organizationId, alg, type, claims) };
  }

  @Handle(getJwks)
  async jwks({ organizationId }: OrganizationKeys): Promise<Jwks> {
    return { keys: await this.keyRing.published(organizationId), maxAge: maxAgeOf(this.settings) };
  }

  @Handle(listSigningKeys)
  async list({ organizationId }: OrganizationKeys): Promise<SigningKeys> {
    return { keys: await this.keyRing.list(organizationId) };
  }

  @Handle(rotateSigningKey)
  async rotate({ organizationId, now: atOnce }: RotateSigningKey): Promise<SigningKeys> {
    const now = this.clock.now();
    const begin = new Date(atOnce ? now : now + this.settings.publishAhead * 1000);
    await this.changes.write(organizationId, async (manager, changed) => {
      for (const alg of await algorithmsOf(manager, organizationId))
        await rotate(manager, this.maker, organizationId, alg, now, () => begin);
      changed(organizationId);
    });
    return await this.list({ organizationId });
  }

  /** JK-06: what it has signed is refused by whoever follows the revocations; others must read the JWKS again. */
  @Handle(revokeSigningKey)
  async revoke({ organizationId, kid }: RevokeSigningKey): Promise<SigningKeys> {
    const now = this.clock.now();
    await this.changes.write(organizationId, async (manager, changed) => {
      await destroySigningKey(manager, this.maker, { organizationId, kid }, now);
      changed(organizationId);
      await this.revocations.append(manager, { kind: 'signing-key', name: kid, organizationId }, now);
    });
    void this.revocations.publishNew();
    return await this.list({ organizationId });
  }
}
