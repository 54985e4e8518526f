import { Controller, Get, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { baseOf, queryOf, type At } from './browser';
import { seeOther } from './pages/send';
import { pagePaths } from './paths';

/** What a posted form answered, opened again by its address, as a tab that is restored does: its page as it is now. */
@ApiExcludeController()
@Controller()
export class ReloadController {
  @Get(pagePaths('consent'))
  consent(@Req() request: At, @Res() reply: FastifyReply): void {
    seeOther(reply, `${baseOf(request)}/authorize?${queryOf(request)}`);
  }

  @Get([...pagePaths('device/sign-in'), ...pagePaths('device/confirm')])
  device(@Req() request: At, @Res() reply: FastifyReply): void {
    seeOther(reply, `${baseOf(request)}/device?${queryOf(request)}`);
  }

  @Get(['/t/:orgkey/account/end-session', '/t/:orgkey/account/withdraw'])
  account(@Req() request: At, @Res() reply: FastifyReply): void {
    seeOther(reply, `${baseOf(request)}/account`);
  }
}
