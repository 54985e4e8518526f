import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { startCall, type Call } from '@keyward/bus';
import type { FastifyRequest } from 'fastify';
import { DEADLINE_MS } from '../config';

/** A request's id is its `traceparent`: the client's (W3C Trace Context) when it is well-formed, otherwise a new one. */
export const requestId = (headers: NodeJS.Dict<string | string[]>): string =>
  startCall(0, headers.traceparent?.toString()).traceparent;

/** The trace id within: `X-Correlation-Id`, and the trace in the logs. */
export const correlationId = (request: FastifyRequest): string => traceOf(request.id);

/** The same of an id alone. */
export const traceOf = (id: string): string => id.slice(3, 35);

/** Begins the wait for the services; called when the body is there, so that a slow upload does not use it up. */
export const callOf = (request: FastifyRequest): Call => startCall(DEADLINE_MS, request.id);

/** The call of a request as a handler's argument. */
export const RequestCall = createParamDecorator((_: unknown, context: ExecutionContext) =>
  callOf(context.switchToHttp().getRequest<FastifyRequest>()),
);
