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
  const strategy = new BusServer(wire, name, logger);
  const app = await NestFactory.createMicroservice(module as Type, { strategy, logger, abortOnError: false });
  app.useGlobalFilters(new PassOn());
  await app.listen();
  return app;
}
