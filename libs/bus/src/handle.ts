import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import type { PipeTransform } from '@nestjs/common';
import type { Rpc } from '@keyward/contracts';
import type { Call } from './call';
import { read } from './read';

/** Serves one message. The method must take its request and resolve to its response, or it does not compile. */
export function Handle<Req extends object, Res extends object>(message: Rpc<Req, Res>) {
  const validated: PipeTransform = { transform: (plain: unknown) => read(message.request, plain) };
  return <Method extends (request: Req, call: Call) => Promise<Res>>(
    target: object,
    key: string,
    method: TypedPropertyDescriptor<Method>,
  ): void => {
    Payload(validated)(target, key, 0);
    Ctx()(target, key, 1);
    MessagePattern(message.subject)(target, key, method as unknown as TypedPropertyDescriptor<unknown>);
  };
}
