import { Worker } from 'node:worker_threads';
import { ServiceError } from '@keyward/contracts';
import { invalid } from '../../refusals';
import { READING_THREAD, type OpenApiDocument, type ReadingResult, type ReadingThreadData } from './reading-thread';

/** Bytes of a document. */
const MAX_BYTES = 512 * 1024;
/** How long one may take (ms; the gateway waits longer), what memory (MiB), and how many are read at once. */
const READ_MS = 8000;
const MEMORY = 192;
const AT_ONCE = 2;

/** Reads OpenAPI documents, each in a thread that is ended when it is done, or takes too much. */
export class OpenApiReader {
  private reading = 0;

  /** Throws `invalid_request` that says what is wrong with the document; `temporarily_unavailable` when others are read. */
  async read(text: string): Promise<OpenApiDocument> {
    if (Buffer.byteLength(text) > MAX_BYTES) throw refused(`it has more than ${MAX_BYTES} bytes`);
    if (this.reading >= AT_ONCE)
      throw new ServiceError('temporarily_unavailable', 'other documents are being read', { retryAfter: 2 });
    this.reading++;
    try {
      const result = await readInThread(text);
      if ('failure' in result) throw refused(result.failure);
      return result.document;
    } finally {
      this.reading--;
    }
  }
}

function readInThread(text: string): Promise<ReadingResult> {
  const workerData: ReadingThreadData = {
    text,
    yaml: require.resolve('yaml'),
    parser: require.resolve('@apidevtools/swagger-parser'),
  };
  const thread = new Worker(READING_THREAD, {
    eval: true,
    name: 'openapi',
    workerData,
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: MEMORY },
  });
  return new Promise<ReadingResult>((resolve) => {
    const late = setTimeout(() => resolve({ failure: 'it takes too long to read' }), READ_MS);
    thread.on('message', (message: string) => resolve(JSON.parse(message) as ReadingResult));
    thread.on('error', () => resolve({ failure: 'it takes too much to read' }));
    thread.on('exit', () => {
      clearTimeout(late);
      resolve({ failure: 'it takes too much to read' });
    });
  }).finally(() => void thread.terminate());
}

/** Only the beginning: a validator names every mistake, with parts of the document. */
const refused = (why: string) =>
  invalid(
    `the definition is not accepted: ${why
      .replace(/\s+/g, ' ')
      .replace(/\p{Cs}/gu, '')
      .slice(0, 300)}`,
  );
