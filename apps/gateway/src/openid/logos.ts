import { Bus, type Call } from '@keyward/bus';
import { findBranding, ServiceError, type Organization } from '@keyward/contracts';
import { Injectable } from '@nestjs/common';

/** 20 KiB each at most. */
const REMEMBERED = 200;

interface Picture {
  type: string;
  bytes: Buffer;
}

/** The logos of organizations, asked for once while they stay the same. */
@Injectable()
export class Logos {
  private readonly known = new Map<string, Promise<Picture>>();

  constructor(private readonly bus: Bus) {}

  /** Errors: `not_found`. */
  async of({ id, logo }: Organization, call: Call): Promise<Picture> {
    if (logo === undefined) throw new ServiceError('not_found');
    const name = `${id} ${logo}`;
    const picture = this.known.get(name) ?? this.ask(id, call);
    this.known.delete(name);
    this.known.set(name, picture);
    picture.catch(() => this.known.delete(name));
    const [oldest] = this.known.keys();
    if (oldest !== undefined && this.known.size > REMEMBERED) this.known.delete(oldest);
    return picture;
  }

  private async ask(organizationId: string, call: Call): Promise<Picture> {
    const { logo, logoType } = await this.bus.call(findBranding, { organizationId }, call);
    if (logo === null || logoType === null) throw new ServiceError('not_found');
    return { type: logoType, bytes: Buffer.from(logo, 'base64') };
  }
}
