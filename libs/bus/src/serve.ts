import type { DynamicModule, INestMicroservice, LoggerService, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { BusServer, PassOn } from './bus-server';
import type { Wire } from './wire';

/** Starts a service whose `@Handle`s answer on the wire, `name` being their queue group. `close()` drains it first. */
export async function serve(
  name: string,
  module: Type | DynamicModule,
  wire: Wire,
  logger: LoggerService,
): Promise<INestMicroservice> {
  const app = await prepare(name, module, wire, logger);
  await app.listen();
  return app;
}

/** The same for one that cannot answer yet: it takes no requests from its like before `listen()`. */
export async function prepare(
  name: string,
  module: Type | DynamicModule,
  wire: Wire,
  logger: LoggerService,
): Promise<INestMicroservice> {
  const strategy = new BusServer(wire, name, logger);
  const app = await NestFactory.createMicroservice(module as Type, { strategy, logger, abortOnError: false });
  app.useGlobalFilters(new PassOn());
  return app.init();
}
