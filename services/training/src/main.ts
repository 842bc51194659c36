import { runService } from '@bluewaters/service';
import { folderOfCopies } from '@bluewaters/storage';
import { start, TrainingOptions } from './index.js';

await runService({
  name: 'training',
  optionsSchema: TrainingOptions.omit({ store: true }),
  defaults: { healthPort: 9103 },
  start: (options, ports, { store }) =>
    start({ ...options, store, workDirectory: folderOfCopies(options.workDirectory, store) }, ports),
});
