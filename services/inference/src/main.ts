import { runService } from '@bluewaters/service';
import { InferenceOptions, start } from './index.js';

await runService({ name: 'inference', optionsSchema: InferenceOptions, defaults: { healthPort: 9104 }, start });
