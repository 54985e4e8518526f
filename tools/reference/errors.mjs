import { STATUS_CODES } from 'node:http';
import { ERRORS } from '../../libs/contracts/dist/index.js';
import { code, page, table } from './page.mjs';

page('errors', 'errors.mjs', [
  '# Errors',
  'Every error that a service answers with, and the HTTP status that the gateway gives it. The token endpoints write it as ' +
    '`error` (RFC 6749 §5.2), the management API as `code` of a problem (RFC 9457).',
  table(
    ['Code', 'HTTP status'],
    Object.entries(ERRORS).map(([error, status]) => [code(error), `${status} ${STATUS_CODES[status]}`]),
  ),
]);
