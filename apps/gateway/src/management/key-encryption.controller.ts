import { Body, Get, HttpCode, Post } from '@nestjs/common';
import { Bus, type Call } from '@keyward/bus';
import {
  describeKeyEncryption,
  Empty,
  rewrap,
  Rewrap,
  type KeyEncryptionUse,
  type Rewrapped,
} from '@keyward/contracts';
import { RequestCall } from '../http/request-call';
import { ManagementAt } from './management';

@ManagementAt('key-encryption', 'key encryption')
export class KeyEncryptionController {
  constructor(private readonly bus: Bus) {}

  /** The key-encryption keys, and how much is sealed under each. */
  @Get()
  describe(@RequestCall() call: Call): Promise<KeyEncryptionUse> {
    return this.bus.call(describeKeyEncryption, new Empty(), call);
  }

  /** Seals a part of what is sealed under other keys under the newest; ask again with `next` until there is none. */
  @Post('rewrap')
  @HttpCode(200)
  rewrap(@Body() body: Rewrap, @RequestCall() call: Call): Promise<Rewrapped> {
    return this.bus.call(rewrap, body, call);
  }
}
