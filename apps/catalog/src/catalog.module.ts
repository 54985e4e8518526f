import { Module, type DynamicModule } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Feeds } from './feeds';
import { FeedsController } from './feeds.controller';

/** What the catalog's controllers work with. */
export interface CatalogParts {
  dataSource: DataSource;
  feeds: Feeds;
}

/** Answers all of `catalog.*`. */
@Module({})
export class CatalogModule {
  static with({ dataSource, feeds }: CatalogParts): DynamicModule {
    return {
      module: CatalogModule,
      controllers: [FeedsController],
      providers: [
        { provide: DataSource, useValue: dataSource },
        { provide: Feeds, useValue: feeds },
      ],
    };
  }
}
