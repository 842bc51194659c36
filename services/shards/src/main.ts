import { runService } from '@bluewaters/service';
import { ShardsOptions, start } from './index.js';

await runService({ name: 'shards', optionsSchema: ShardsOptions, defaults: { healthPort: 9102 }, start });
