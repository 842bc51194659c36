import { runService } from '@bluewaters/service';
import { IngestOptions, start } from './index.js';

await runService({
  name: 'ingest',
  optionsSchema: IngestOptions.omit({ store: true }),
  defaults: { healthPort: 9101 },
  start: (options, ports, { store }) => start({ ...options, store }, ports),
});
