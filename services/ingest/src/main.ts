import { runService } from '@bluewaters/service';
import { IngestOptions, start } from './index.js';

await runService({ name: 'ingest', optionsSchema: IngestOptions, defaults: { healthPort: 9101 }, start });
