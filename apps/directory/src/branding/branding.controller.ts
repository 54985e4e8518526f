import { Controller } from '@nestjs/common';
import { Handle } from '@keyward/bus';
import { findBranding, setBranding, type Branding, type FindBranding, type SetBranding } from '@keyward/contracts';
import { Brandings } from './brandings';

/** `directory.branding.*`. */
@Controller()
export class BrandingController {
  constructor(private readonly brandings: Brandings) {}

  @Handle(findBranding)
  find({ organizationId }: FindBranding): Promise<Branding> {
    return this.brandings.find(organizationId);
  }

  @Handle(setBranding)
  set(request: SetBranding): Promise<Branding> {
    return this.brandings.set(request);
  }
}
