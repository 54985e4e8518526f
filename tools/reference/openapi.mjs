import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { before } from '@nestjs/swagger/plugin';
import ts from 'typescript';
import { generated } from './page.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const scratch = `${root}/node_modules/.cache/keyward-openapi`;

const PROBLEM = {
  type: 'object',
  required: ['type', 'title', 'status', 'code'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string' },
    detail: { type: 'string' },
  },
};

/** Compiles gateway and contracts with Nest's plugin, which adds what types, validators and comments say to the code. */
function compile() {
  const [gateway, contracts] = ['apps/gateway', 'libs/contracts'].map((project) =>
    ts.getParsedCommandLineOfConfigFile(`${root}/${project}/tsconfig.lib.json`, {}, ts.sys),
  );
  const files = [...gateway.fileNames, ...contracts.fileNames];
  const options = { ...gateway.options, composite: false, incremental: false, tsBuildInfoFile: undefined };
  const output = { rootDir: root, outDir: scratch, declaration: false, declarationMap: false, sourceMap: false };
  const program = ts.createProgram(files, { ...options, ...output, noEmitOnError: false });
  const plugin = before(
    {
      dtoFileNameSuffix: files.filter((file) => !file.endsWith('.controller.ts')),
      controllerFileNameSuffix: ['.controller.ts'],
      classValidatorShim: true,
      introspectComments: true,
    },
    program,
  );
  for (const file of files.filter((name) => name.endsWith('.json'))) {
    const copy = `${scratch}/${relative(root, file)}`;
    mkdirSync(dirname(copy), { recursive: true });
    copyFileSync(file, copy);
  }
  for (const file of files.filter((name) => name.endsWith('.ts')))
    program.emit(program.getSourceFile(file), undefined, undefined, false, { before: [plugin] });
  // The compiled gateway is to find the compiled contracts.
  const link = `${scratch}/node_modules/@keyward/contracts`;
  mkdirSync(link, { recursive: true });
  writeFileSync(`${link}/package.json`, '{"main":"../../../libs/contracts/src/index.js"}');
  return contracts.fileNames;
}

/** The plugin cannot say what a `Page<User>` holds: its source does. */
function describePages(sources, contracts) {
  delete contracts.Page._OPENAPI_METADATA_FACTORY;
  for (const source of sources)
    for (const [, page, item] of readFileSync(source, 'utf8').matchAll(/class (\w+) extends Page<(\w+)>/g))
      contracts[page]._OPENAPI_METADATA_FACTORY = () => ({
        items: { required: true, type: () => [contracts[item]] },
        next: { required: false, type: () => String, description: 'The `after` of the next part; absent at the end.' },
      });
}

/** With its members in one order, so that a change is only what has changed. */
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const names = Object.keys(value).sort();
  return Object.fromEntries(names.map((name) => [name, sorted(value[name])]));
}

rmSync(scratch, { recursive: true, force: true });
const sources = compile();
const require = createRequire(`${scratch}/apps/gateway/src/index.js`);
require('reflect-metadata');
const { NestFactory } = require('@nestjs/core');
const { DocumentBuilder, SwaggerModule } = require('@nestjs/swagger');
const { FastifyAdapter } = require('@nestjs/platform-fastify');
const { GatewayModule } = require('./index.js');
describePages(sources, require('@keyward/contracts'));

// Nothing is started: a preview knows routes and types alone.
const module = GatewayModule.with({ bus: {} }, {});
const app = await NestFactory.create(module, new FastifyAdapter(), { preview: true, logger: false });
const about = new DocumentBuilder()
  .setTitle('Keyward management API')
  .setDescription('For operators. Errors are problems (RFC 9457); their `code` is one of errors.md.')
  .setVersion('1')
  .addBearerAuth()
  .addGlobalResponse({
    status: 'default',
    description: 'A problem (RFC 9457).',
    content: { 'application/problem+json': { schema: PROBLEM } },
  })
  .build();
const document = SwaggerModule.createDocument(app, about, {
  operationIdFactory: (controller, method) => `${controller.replace('Controller', '')}.${method}`,
});
for (const operation of Object.values(document.paths).flatMap((methods) => Object.values(methods)))
  for (const parameter of operation.parameters ?? []) parameter.required &&= parameter.schema?.default === undefined;
generated('openapi.json', 'openapi.mjs', `${JSON.stringify(sorted(document), null, 2)}\n`);
