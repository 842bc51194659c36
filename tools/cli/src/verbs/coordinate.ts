import { CodedError } from '@bluewaters/errors';
import { openBus } from '@bluewaters/messages';
import { createLogger, onAbort } from '@bluewaters/service';
import { z } from 'zod';
import { frameOptions, placeOptions, readPlace } from '../common-options.js';
import { OwnNats } from '../own-nats.js';
import { defineVerb } from '../verb.js';

const options = z.strictObject({
  host: z.string().default('127.0.0.1').describe('the address of the page; whoever reaches it may steer runs'),
  port: z.int().min(0).max(65_535).default(8500).describe('the port of the page; 0 for any that is free'),
  startNats: z
    .boolean()
    .default(false)
    .describe('with --bus file:PATH: start NATS, too, for as long as this runs, and leave there how to reach it'),
  natsHost: z.string().default('127.0.0.1').describe('with --start-nats: the address that NATS listens on'),
  ...placeOptions,
  ...frameOptions,
});

/** `bluewaters coordinate` */
export const coordinate = defineVerb({
  options,
  examples: [
    ['$0 coordinate --bus nats://127.0.0.1:4222', 'of all that use this NATS; open http://127.0.0.1:8500/'],
    ['$0 coordinate --bus file:bus.json --start-nats', 'with a NATS of its own, for all who are given the same --bus'],
  ],
  run: async (values, { print, ...context }) => {
    const signal = untilParentEnds(context.signal);
    const place = readPlace(values);
    if (place.bus.kind === 'in-process' || (values.startNats && place.bus.kind !== 'file')) {
      throw new CodedError('CONFIG_INVALID', 'A coordinator meets the ranks on a bus that all of them reach', {
        details: { field: 'bus', expected: values.startNats ? 'file:PATH' : 'nats://host:4222', got: values.bus },
      });
    }
    await using _ =
      values.startNats && place.bus.kind === 'file' ? await OwnNats.start(place.bus.path, values.natsHost) : undefined;
    const log = createLogger({ service: 'coordinator', level: values.verbose ? 'info' : 'silent' });
    const { Coordinator, startPage } = await import('@bluewaters/training');
    const bus = await openBus(place.bus, (err, where) => log.warn({ err, where }, 'a message was lost'));
    const coordinator = await Coordinator.start({ bus, log });
    try {
      const { host, port } = values;
      const page = await startPage({ watched: coordinator, bus, log, listen: { host, port } });
      const doing = coordinator.leads ? 'coordinating' : 'standing by';
      print(`${doing} on ${bus.description}, with a page on ${page.address} (Ctrl-C to end)`);
      await new Promise<void>((resolve) => onAbort(signal, resolve));
      await page.stop();
      return { bus: bus.description, page: page.address };
    } finally {
      await coordinator.stop();
      await bus.close();
    }
  },
});

/** A coordinator that a program has started ends with that. */
function untilParentEnds(signal: AbortSignal): AbortSignal {
  if (!process.connected) return signal;
  const left = new AbortController();
  process.once('disconnect', () => left.abort());
  return AbortSignal.any([signal, left.signal]);
}
