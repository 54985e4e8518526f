import { Controller, Get, Header, Param, Query, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Call } from '@keyward/bus';
import { ServiceError } from '@keyward/contracts';
import { Organizations } from '@keyward/runtime';
import type { FastifyReply } from 'fastify';
import { organizationAt } from '../http/organization';
import { RequestCall } from '../http/request-call';
import { Logos } from './logos';
import { brandStyle } from './pages/brand';
import { FORM_POST_SCRIPT, STYLE } from './pages/style';
import { pagePaths } from './paths';

const MINUTES = 'public, max-age=300';
const FOR_EVER = 'public, max-age=31536000, immutable';

/** The files of the pages. */
@ApiExcludeController()
@Controller()
export class FilesController {
  constructor(
    private readonly organizations: Organizations,
    private readonly logos: Logos,
  ) {}

  /** With the organization's colour; error pages of what is no organization have a style as well. */
  @Get(pagePaths('pages.css'))
  @Header('content-type', 'text/css; charset=utf-8')
  @Header('cache-control', MINUTES)
  async style(@Param('orgkey') orgkey?: string): Promise<string> {
    const colour = orgkey === undefined ? undefined : (await this.found(orgkey))?.colour;
    return colour === undefined ? STYLE : STYLE + brandStyle(colour);
  }

  /** A picture that somebody has uploaded: never more than that, wherever it is shown (abuse 39). */
  @Get('/t/:orgkey/assets/logo')
  async logo(
    @Param('orgkey') orgkey: string,
    @Query('v') version: string | undefined,
    @RequestCall() call: Call,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const organization = await organizationAt(this.organizations, orgkey);
    const { type, bytes } = await this.logos.of(organization, call);
    void reply
      .headers({
        'content-type': type,
        'cache-control': version === organization.logo ? FOR_EVER : MINUTES,
        'content-security-policy': "default-src 'none'; sandbox",
        'cross-origin-resource-policy': 'same-origin',
      })
      .removeHeader('pragma')
      .send(bytes);
  }

  @Get(pagePaths('form-post.js'))
  @Header('content-type', 'text/javascript; charset=utf-8')
  @Header('cache-control', MINUTES)
  formPost(): string {
    return FORM_POST_SCRIPT;
  }

  private async found(orgkey: string) {
    try {
      return await organizationAt(this.organizations, orgkey);
    } catch (error) {
      if (error instanceof ServiceError) return undefined;
      throw error;
    }
  }
}
