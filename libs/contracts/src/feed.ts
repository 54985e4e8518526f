import { IsInt, IsOptional, IsString, Max, Min } from 'class-validator';
import { event, type EventMessage } from './events';
import { Empty, rpc, type Rpc } from './rpc';

/** One change of one record: its newest state, or `null` when it is gone. */
export class Change<R extends object = object> {
  /** Counts up by one in commit order, from 1. */
  position: number;
  id: string;
  record: R | null;
}

/** The newest position of a feed, said every 500 ms so that a lost last change is noticed. */
export class Heartbeat {
  position: number;
}

export class ChangesSince {
  @IsInt() @Min(0) position: number;
}

/** Changes in order, without a gap. `more` when the page was cut; `gone` when the owner no longer keeps that far back. */
export class Changes<R extends object = object> {
  changes: Change<R>[];
  more: boolean;
  gone: boolean;
}

export class SnapshotPageOf {
  /** The last id of the page before; absent for the first page. */
  @IsOptional() @IsString() after?: string;
  @IsInt() @Min(1) @Max(500) limit: number;
}

/** Records by id. `position` was read before the page, so changes from it on complete the snapshot. */
export class SnapshotPage<R extends object = object> {
  position: number;
  records: { id: string; record: R }[];
  more: boolean;
}

/** What an owner tells the others about records that change rarely and are needed on every request. */
export interface Feed<R extends object> {
  /** `<owner>.<noun>`. */
  readonly name: string;
  readonly changed: EventMessage<Change<R>>;
  readonly heartbeat: EventMessage<Heartbeat>;
  readonly position: Rpc<Empty, Heartbeat>;
  readonly since: Rpc<ChangesSince, Changes<R>>;
  readonly snapshot: Rpc<SnapshotPageOf, SnapshotPage<R>>;
}

/** Names the five messages of a feed after its owner and noun. */
export const feed = <R extends object>(name: string): Feed<R> => ({
  name,
  changed: event<Change<R>>(`${name}.changed`, Change),
  heartbeat: event(`${name}.heartbeat`, Heartbeat),
  position: rpc(`${name}.position`, Empty, Heartbeat, { repeatable: true }),
  since: rpc<ChangesSince, Changes<R>>(`${name}.since`, ChangesSince, Changes, { repeatable: true }),
  snapshot: rpc<SnapshotPageOf, SnapshotPage<R>>(`${name}.snapshot`, SnapshotPageOf, SnapshotPage, {
    repeatable: true,
  }),
});
