import { afterEach, beforeEach, describe } from 'vitest';
import { commandTests } from './bus-commands.js';
import { eventTests } from './bus-events.js';
import { jobTests } from './bus-jobs.js';
import { stateTests } from './bus-state.js';
import { workTests } from './bus-work.js';
import type { MessageBus } from '@bluewaters/messages';
import type { CodedError } from '@bluewaters/errors';

/** One bus, as a test sees it. */
export interface BusUnderTest {
  /** Another party on the same bus; may be the same object where a bus lives in one process. */
  connect(onFault: (error: CodedError) => void): Promise<MessageBus>;
  /** Ends what `connect` did not make. */
  close?(): Promise<void>;
}

/** What the tests of a bus work with. */
export interface BusContext {
  /** Two parties on one bus. */
  readonly here: MessageBus;
  readonly there: MessageBus;
  /** What the parties' fault listeners heard. */
  readonly faults: CodedError[];
  /** A word that no other test uses, for subjects and tables. */
  readonly word: string;
}

let words = 0;

/**
 * The promises of `MessageBus`, and of jobs on top of it, as tests for one adapter.
 * @param open Answers a bus for one test.
 */
export function describeMessageBus(name: string, open: () => Promise<BusUnderTest>): void {
  describe(`${name} keeps the promises of a bus`, () => {
    let bus: BusUnderTest;
    let context: BusContext;

    beforeEach(async () => {
      bus = await open();
      words += 1;
      const faults: CodedError[] = [];
      const onFault = (error: CodedError) => faults.push(error);
      const [here, there] = [await bus.connect(onFault), await bus.connect(onFault)];
      context = { here, there, faults, word: `t${process.pid}-${words}` };
    });

    afterEach(async () => {
      await context.here.close();
      await context.there.close();
      await bus.close?.();
    });

    const given = () => context;
    describe('commands', () => commandTests(given));
    describe('events', () => eventTests(given));
    describe('work', () => workTests(given));
    describe('state', () => stateTests(given));
    describe('jobs', () => jobTests(given));
  });
}
