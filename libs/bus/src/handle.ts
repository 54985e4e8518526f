import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import type { Rpc } from '@keyward/contracts';
import type { Call } from './call';
import { read } from './read';

/** Serves one message. The method must take its request and resolve to its response, or it does not compile. */
export function Handle<Req extends object, Res extends object>(message: Rpc<Req, Res>) {
  return <Method extends (request: Req, call: Call) => Promise<Res>>(
    target: object,
    key: string,
    descriptor: TypedPropertyDescriptor<Method>,
  ): void => {
    const method = descriptor.value as Method;
    // Not by a pipe, whose several promises cost as much as the reading itself.
    const reading = function (this: unknown, plain: unknown, call: Call): Promise<Res> {
      return method.call(this, read(message.request, plain), call);
    };
    descriptor.value = Object.defineProperty(reading, 'name', { value: key }) as unknown as Method;
    Payload()(target, key, 0);
    Ctx()(target, key, 1);
    MessagePattern(message.subject)(target, key, descriptor as unknown as TypedPropertyDescriptor<unknown>);
  };
}
