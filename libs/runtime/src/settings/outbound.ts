import { IsArray, IsOptional } from 'class-validator';
import { Setting, type Checked, type Problem } from '../setting';
import { IsAddressRange, IsReadableFile } from '../validators';

/** What may be fetched from addresses that others have named, such as a client's `jwks_uri`. */
export class OutboundSettings implements Checked {
  @Setting({
    env: 'OUTBOUND_ADDRESSES',
    description:
      'Addresses and CIDR ranges beside those of the public Internet that may be fetched from. For development: production refuses it.',
  })
  @IsArray()
  @IsAddressRange({ each: true })
  addresses: string[] = [];

  @Setting({
    env: 'OUTBOUND_CA_FILE',
    description:
      'PEM file of authorities that servers fetched from may have their certificates of, beside the usual ones.',
  })
  @IsOptional()
  @IsReadableFile()
  caFile?: string;

  problems(production: boolean): Problem[] {
    return production && this.addresses.length > 0
      ? [{ field: 'addresses', expected: 'must not be set in production' }]
      : [];
  }
}
