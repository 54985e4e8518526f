import { Delete, Get, HttpCode, Param, Query } from '@nestjs/common';
import type { Call } from '@keyward/bus';
import {
  findRegistration,
  listRegistrations,
  PageRequest,
  type Registration,
  type RegistrationPage,
} from '@keyward/contracts';
import { RequestCall } from '../http/request-call';
import { endApplication } from './ended-application';
import { Management, ManagementBus } from './management';

@Management('/:orgkey/registered-clients', 'client-registration', 'admin')
export class RegisteredClientsController {
  constructor(private readonly services: ManagementBus) {}

  @Get()
  list(
    @Param('orgkey') orgkey: string,
    @Query() page: PageRequest,
    @RequestCall() call: Call,
  ): Promise<RegistrationPage> {
    return this.services.call(listRegistrations, orgkey, page, call);
  }

  @Get(':clientId')
  find(
    @Param('orgkey') orgkey: string,
    @Param('clientId') clientId: string,
    @RequestCall() call: Call,
  ): Promise<Registration> {
    return this.services.call(findRegistration, orgkey, { clientId }, call);
  }

  /** Its application and all its tokens go with it. */
  @Delete(':clientId')
  @HttpCode(204)
  async delete(
    @Param('orgkey') orgkey: string,
    @Param('clientId') clientId: string,
    @RequestCall() call: Call,
  ): Promise<void> {
    const { applicationId } = await this.services.call(findRegistration, orgkey, { clientId }, call);
    await endApplication(this.services, orgkey, applicationId, call);
  }
}
