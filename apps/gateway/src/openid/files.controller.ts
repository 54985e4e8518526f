import { Controller, Get, Header } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { FORM_POST_SCRIPT, STYLE } from './pages/style';
import { pagePaths } from './paths';

/** The files of the pages. */
@ApiExcludeController()
@Controller()
export class FilesController {
  @Get(pagePaths('pages.css'))
  @Header('content-type', 'text/css; charset=utf-8')
  @Header('cache-control', 'public, max-age=300')
  style(): string {
    return STYLE;
  }

  @Get(pagePaths('form-post.js'))
  @Header('content-type', 'text/javascript; charset=utf-8')
  @Header('cache-control', 'public, max-age=300')
  formPost(): string {
    return FORM_POST_SCRIPT;
  }
}
