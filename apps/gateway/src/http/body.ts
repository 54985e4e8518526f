import type { FastifyInstance, FastifyRequest } from 'fastify';
import { endpointPaths, FORM_ENDPOINTS } from '../oauth/paths';
import { isManagement } from './answers';
import { Refusal } from './refusal';

/** Bytes of a body at most. */
export const BODY_LIMIT = 64 * 1024;
/** A document of 512 KiB, as a text in JSON. */
export const IMPORT_LIMIT = 640 * 1024;
const IMPORT = /\/apis\/import$/;
/** Clients register in JSON (RFC 7591 §3.1). */
const REGISTRATION = /\/register(\/:clientId)?$/;
/** How deep JSON may be nested: the management API's own is two deep. */
const JSON_DEPTH = 8;

/** The forms of the token endpoints stay bytes, JSON is parsed where it is taken; no body is read for the other. */
export function readBodies(fastify: FastifyInstance): void {
  fastify.addHook('onRoute', (route) => {
    if (IMPORT.test(route.url)) route.bodyLimit = IMPORT_LIMIT;
  });
  const json = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'buffer' }, (request, body, done) => {
    done(takesJson(request) ? unsupported() : null, body);
  });
  fastify.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (takesJson(request))
      void json(request, body as string, (error, value) =>
        done(error ?? (deeperThan(JSON_DEPTH, value) ? malformed() : null), value),
      );
    else done(takesForm(request) ? null : unsupported());
  });
  fastify.addContentTypeParser('*', { parseAs: 'string' }, (request, _, done) => {
    done(takesForm(request) ? null : unsupported());
  });
}

const FORMS = new Set(FORM_ENDPOINTS.flatMap(endpointPaths));
/** An endpoint that takes a form says itself, in the words of whose it is, that what came is none. */
const takesForm = (request: FastifyRequest): boolean => FORMS.has(request.routeOptions.url ?? '');

const takesJson = (request: FastifyRequest): boolean =>
  isManagement(request) || REGISTRATION.test(request.routeOptions.url ?? '');

const unsupported = () => new Refusal(415, 'invalid_request', 'this content type is not accepted');
const malformed = () => new Refusal(400, 'invalid_request', 'the body is nested too deeply');

const deeperThan = (left: number, value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (left === 0 || Object.values(value).some((each) => deeperThan(left - 1, each)));
