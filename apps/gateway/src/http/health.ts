import { health, type Readiness } from '@keyward/runtime';
import type { FastifyInstance } from 'fastify';

/** `/health/live` and `/health/ready` for load balancers, without what the ports inside say in detail. */
export function serveHealth(fastify: FastifyInstance, ready: () => Promise<Readiness>): void {
  for (const path of ['/health/live', '/health/ready'])
    fastify.get(path, async (_request, reply) => {
      const answer = await health(path, ready);
      const { status } = (answer?.body ?? {}) as { status?: string };
      return reply.code(answer?.status ?? 503).send({ status });
    });
}
