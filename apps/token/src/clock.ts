import { Injectable } from '@nestjs/common';

/** The time by which tokens live, Unix milliseconds; tests move it. */
@Injectable()
export class Clock {
  now(): number {
    return Date.now();
  }
}

export const inSeconds = (milliseconds: number): number => Math.floor(milliseconds / 1000);
