/** A service for tests of the frame: what it does is an option. */
import { runService } from '@bluewaters/service';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

await runService({
  name: 'fixture',
  optionsSchema: z.object({
    behaviour: z.enum(['plain', 'fails', 'throws-later', 'stops-slowly']).default('plain'),
    readyAfterMs: z.int().default(0),
  }),
  defaults: { healthPort: 0 },
  start: async ({ behaviour, readyAfterMs }, { log, store }) => {
    if (behaviour === 'fails') await store.get('models/none');
    if (behaviour === 'throws-later') setTimeout(() => Promise.reject(new Error('nobody caught this')), 50);
    const startedAt = Date.now();
    return {
      name: 'fixture',
      readiness: () =>
        Date.now() - startedAt >= readyAfterMs ? { ready: true } : { ready: false, reason: 'warming up' },
      stop: async () => {
        if (behaviour === 'stops-slowly') await sleep(60_000);
        log.info('gave back what it held');
      },
    };
  },
});
