import { join } from 'node:path';
import { DirectoryStore, MemoryStore } from '@bluewaters/storage';
import { temporaryDirectory } from '@bluewaters/testing';
import { describeLease } from './lease.fixture.js';

describeLease('memory', async () => new MemoryStore());
describeLease('a directory', async () => new DirectoryStore(join(await temporaryDirectory(), 'store')));
