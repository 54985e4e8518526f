import type SwaggerParser from '@apidevtools/swagger-parser';
import type * as Threads from 'node:worker_threads';
import type * as Yaml from 'yaml';

/** What a thread is started with. */
export interface ReadingThreadData {
  text: string;
  /** Where the libraries are: a thread made of text resolves no names. */
  yaml: string;
  parser: string;
}

/** The few things of a document that an API is made of, as the document says them. */
export interface OpenApiDocument {
  openapi: string;
  info: { title: string; version: string; description?: string };
  servers?: { url: string }[];
  security?: Requirement[];
  paths?: Record<string, PathItem>;
  components?: { securitySchemes?: Record<string, SecurityScheme> };
  [extension: `x-${string}`]: unknown;
}

/** Names of schemes, each with the scopes it needs. */
export type Requirement = Record<string, string[]>;

/** What of an operation matters here. */
export interface Operation {
  security?: Requirement[];
  [extension: `x-${string}`]: unknown;
}

/** Operations by verb in lower case, and more. */
export type PathItem = Record<string, Operation> & { $ref?: string };

/** Where scopes are defined. */
export interface SecurityScheme {
  flows?: Record<string, { scopes?: Record<string, string>; [extension: `x-${string}`]: unknown }>;
}

/** What a thread answers. */
export type ReadingResult = { document: OpenApiDocument } | { failure: string };

/**
 * What runs in a thread of its own, which is ended when it takes too long or too much memory: references within a document
 * can make a small one endless to look through. It is started as text, so that it is the same compiled and in tests: it may
 * use nothing but `require` and what that gives.
 */
function readDocument(require: NodeJS.Require): void {
  const threads = require('node:worker_threads') as typeof Threads;
  const data = threads.workerData as ReadingThreadData;

  const read = async (): Promise<ReadingResult> => {
    // Loading them takes longer than reading most documents.
    const yaml = () => require(data.yaml) as typeof Yaml;
    const parser = () => require(data.parser) as typeof SwaggerParser;
    const plain: unknown = data.text.trimStart().startsWith('{') ? JSON.parse(data.text) : yaml().parse(data.text);
    const version = (plain as { openapi?: unknown } | null)?.openapi;
    if (typeof version !== 'string' || !version.startsWith('3.')) return { failure: 'it is not an OpenAPI 3 document' };
    // Nothing outside of the document is read: no file, no URL.
    const options = { resolve: { external: false, file: false as const, http: false as const } };
    const whole = (await parser().validate(plain as never, options)) as OpenApiDocument;
    return { document: excerpt(whole) };
  };

  const excerpt = (whole: OpenApiDocument): OpenApiDocument => {
    const extensions = Object.entries(whole).filter(([name]) => name.startsWith('x-'));
    const ofOperation = ({ security, ...rest }: Operation) => ({
      ...(security && { security }),
      ...Object.fromEntries(
        Object.entries(rest).filter(
          ([name, value]) => name === 'x-scope' || (name.startsWith('x-') && typeof value === 'string'),
        ),
      ),
    });
    const ofPath = (item: PathItem) =>
      Object.fromEntries(
        Object.entries(item).map(([name, value]) =>
          name === '$ref' || typeof value !== 'object' ? [name, value] : [name, ofOperation(value)],
        ),
      ) as PathItem;
    const { openapi, info, servers, security, paths = {}, components } = whole;
    const schemes = Object.entries(components?.securitySchemes ?? {});
    return {
      ...Object.fromEntries(extensions),
      openapi,
      info: { title: info.title, version: info.version, ...(info.description && { description: info.description }) },
      ...(servers && { servers: servers.map(({ url }) => ({ url })) }),
      ...(security && { security }),
      paths: Object.fromEntries(Object.entries(paths).map(([path, item]) => [path, ofPath(item)])),
      components: { securitySchemes: Object.fromEntries(schemes.map(([name, { flows }]) => [name, { flows }])) },
    };
  };

  read()
    .catch((error: unknown): ReadingResult => ({ failure: (error as Error).message }))
    .then((result) => threads.parentPort?.postMessage(JSON.stringify(result)))
    .catch(() => threads.parentPort?.postMessage(JSON.stringify({ failure: 'it cannot be read' })));
}

/** The source of a reading thread, for `new Worker(…, { eval: true })`. */
export const READING_THREAD = `(${readDocument.toString()})(require);`;
