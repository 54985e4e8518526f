import { applyDecorators, Controller, Injectable, UseGuards, UsePipes } from '@nestjs/common';
import { ApiBearerAuth, ApiTags } from '@nestjs/swagger';
import { Bus, type Call } from '@keyward/bus';
import { findOrganization, type Organization, type Rpc } from '@keyward/contracts';
import { BearerGuard } from './bearer.guard';
import { Requires, type Right } from './rights';
import { VALIDATION } from './validation';

/** A controller of the management API about organizations; for operators alone where nothing else is said. */
export const Management = (path: string, tag: string, right: Right = 'operator'): ClassDecorator =>
  ManagementAt(`organizations${path}`, tag, right);

/** A controller of the management API about the whole server, its bodies validated. */
export const ManagementAt = (path: string, tag: string, right: Right = 'operator'): ClassDecorator =>
  applyDecorators(
    Controller(`/api/v1/${path}`),
    Requires(right),
    UseGuards(BearerGuard),
    UsePipes(VALIDATION),
    ApiBearerAuth(),
    ApiTags(tag),
  );

/** Asks the services about what belongs to an organization, which the path names by its key. */
@Injectable()
export class ManagementBus {
  constructor(private readonly bus: Bus) {}

  /**
   * Throws `not_found` for an unknown organization. The directory is asked, so that one just created is known. What is asked
   * may depend on what it says.
   */
  async call<Req extends { organizationId: string }, Res extends object>(
    message: Rpc<Req, Res>,
    orgkey: string,
    request: Omit<Req, 'organizationId'> | ((organization: Organization) => Omit<Req, 'organizationId'>),
    call: Call,
  ): Promise<Res> {
    const organization = await this.bus.call(findOrganization, { key: orgkey.toLowerCase() }, call);
    const asked = typeof request === 'function' ? request(organization) : request;
    return this.bus.call(message, { ...asked, organizationId: organization.id } as Req, call);
  }
}
