import { ServedModels, type Subscription } from '@bluewaters/messages';
import { onAbort } from '@bluewaters/service';
import { z } from 'zod';
import { frameOptions, placeOptions, readPlace } from '../common-options.js';
import { startServing } from '../serving.js';
import { defineVerb } from '../verb.js';
import { withWorkplace, type Workplace } from '../workplace.js';

const options = z.strictObject({
  host: z.string().default('127.0.0.1').describe('the address to listen on; 0.0.0.0 for every one'),
  port: z.int().min(0).max(65_535).default(8501).describe('the port to listen on; 0 for any that is free'),
  ...placeOptions,
  ...frameOptions,
});

/** `bluewaters serve` */
export const serve = defineVerb({
  options,
  examples: [['$0 serve --port 8501', 'then open http://127.0.0.1:8501/ and drop a picture']],
  run: (values, { signal, print }) => {
    const { host, port } = values;
    return withWorkplace(readPlace(values), async (workplace) => {
      const serving = await startServing(workplace, { host, port });
      print(`serving the models of ${workplace.store.description} on ${serving.address} (Ctrl-C to end)`);
      const watching = await tellWhenReady(workplace, print);
      await new Promise<void>((resolve) => onAbort(signal, resolve));
      await watching.stop();
      await serving.stop();
      return { address: serving.address };
    });
  },
});

/** Says of each model version that it answers; a model takes seconds to load and to run once. */
async function tellWhenReady({ bus }: Workplace, print: (line: string) => void): Promise<Subscription> {
  const table = await bus.state(ServedModels);
  return table.watch('', (_, served) => {
    if (served?.state === 'ready') print(`  ${served.model} version ${served.version} is ready`);
    if (served?.state === 'failed') print(`  ${served.model} version ${served.version} cannot be served`);
  });
}
