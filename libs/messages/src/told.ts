import { z } from 'zod';
import { defineState } from './definitions.js';

/** Who has told the bus what it knows; an entry that is gone means that the bus has lost its state. */
export const Told = defineState('told', z.strictObject({ at: z.number() }));
