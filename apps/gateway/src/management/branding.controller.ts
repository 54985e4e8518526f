import { Body, Delete, Get, HttpCode, Param, Put } from '@nestjs/common';
import type { Call } from '@keyward/bus';
import { findBranding, setBranding, type Branding } from '@keyward/contracts';
import { RequestCall } from '../http/request-call';
import { NewBranding } from './bodies';
import { Management, ManagementBus } from './management';

/** How the pages of an organization look. */
@Management('/:orgkey/branding', 'branding', 'admin')
export class BrandingController {
  constructor(private readonly services: ManagementBus) {}

  @Get()
  find(@Param('orgkey') orgkey: string, @RequestCall() call: Call): Promise<Branding> {
    return this.services.call(findBranding, orgkey, {}, call);
  }

  /** Replaces all of it. */
  @Put()
  set(@Param('orgkey') orgkey: string, @Body() body: NewBranding, @RequestCall() call: Call): Promise<Branding> {
    return this.services.call(setBranding, orgkey, body, call);
  }

  /** The pages look as Keyward's own again. */
  @Delete()
  @HttpCode(204)
  async reset(@Param('orgkey') orgkey: string, @RequestCall() call: Call): Promise<void> {
    await this.services.call(setBranding, orgkey, {}, call);
  }
}
